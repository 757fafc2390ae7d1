import { Observable } from './observable';

/** The console's places. All but `shows` and `products` belong to one show. */
export type Page = 'shows' | 'products' | 'desk' | 'orders' | 'show';
export interface Route { page: Page; show?: string }

const pages: readonly string[] = ['shows', 'products', 'desk', 'orders', 'show'];

/** "#/desk/autumn" → the desk of autumn. What is not a place is the list of shows. */
export function parseRoute(hash: string): Route {
  const [page = '', show = ''] = hash.replace(/^#\/?/, '').split('/');
  if (!pages.includes(page)) return { page: 'shows' };
  const slug = decodeURIComponent(show);
  if (page === 'shows' || page === 'products') return { page };
  return slug ? { page: page as Page, show: slug } : { page: 'shows' };
}

export function hrefOf(route: Route): string {
  return '#/' + route.page + (route.show && route.page !== 'products' && route.page !== 'shows' ? '/' + encodeURIComponent(route.show) : '');
}

const lastShowKey = 'livesrv.console.show';

/** Follows the address bar; remembers the show last worked on, so that its tabs stay reachable from everywhere. */
export class Router extends Observable {
  route: Route = parseRoute(location.hash);
  lastShow = localStorage.getItem(lastShowKey) ?? undefined;

  private readonly onHash = (): void => {
    this.route = parseRoute(location.hash);
    this.remember();
    this.changed();
  };

  start(): void {
    window.addEventListener('hashchange', this.onHash);
    this.remember();
  }

  stop(): void { window.removeEventListener('hashchange', this.onHash); }

  go(route: Route): void { location.hash = hrefOf(route); }

  /** Forgets a show that turned out not to exist, so that no tab leads to it again. */
  forget(): void {
    this.lastShow = undefined;
    localStorage.removeItem(lastShowKey);
    this.go({ page: 'shows' });
  }

  private remember(): void {
    if (!this.route.show) return;
    this.lastShow = this.route.show;
    localStorage.setItem(lastShowKey, this.route.show);
  }
}
