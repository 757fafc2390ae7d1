import { Api, ApiError, type RequestOptions } from '../../lib/api';
import { Observable } from './observable';
import type { User } from './types';

export type SessionPhase = 'unknown' | 'out' | 'in' | 'lapsed';

export interface CallOptions extends RequestOptions {
  /**
   * Whether a call that met the end of the sign-in session is sent again once the person has signed in. Off
   * for what is only right at its moment, like a pin.
   */
  again?: boolean;
}

/**
 * Who is at this console. When the server no longer knows the session in the middle of work, the phase is `lapsed`:
 * the page stays as it is with what was typed, asks for the password over it, and calls go on where they stopped.
 */
export class Session extends Observable {
  phase: SessionPhase = 'unknown';
  user?: User;
  fault?: ApiError;
  private readonly api = new Api();
  private waiting: { resume: () => void; give: (e: ApiError) => void }[] = [];

  /** Asks the server who is signed in. */
  async restore(): Promise<void> {
    this.fault = undefined;
    try {
      this.user = (await this.api.get<{ user: User }>('/api/session')).user;
      this.phase = 'in';
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.kind === 'unauthorized') this.phase = 'out';
      else this.fault = e;
    }
    this.changed();
  }

  /** Signs in. Throws ApiError. */
  async signIn(name: string, password: string): Promise<void> {
    const before = this.user;
    this.user = (await this.api.post<{ user: User }>('/api/session', { name, password })).user;
    // Somebody else sees other shows and orders: nothing of the person before may stay.
    if (before && before.id !== this.user.id) return location.reload();
    this.phase = 'in';
    const waiting = this.waiting;
    this.waiting = [];
    for (const w of waiting) w.resume();
    this.changed();
  }

  async signOut(): Promise<void> {
    await this.api.delete('/api/session').catch((e: unknown) => {
      if (!(e instanceof ApiError) || e.kind !== 'unauthorized') throw e;
    });
    this.forget();
  }

  /** Leaves a lapsed session for the sign-in page; what waited for it fails. */
  forget(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const w of waiting) w.give(new ApiError('unauthorized', 'signed out'));
    this.phase = 'out';
    this.user = undefined;
    this.changed();
  }

  changePassword(current: string, password: string): Promise<void> {
    return this.call('POST', '/api/session/password', { json: { current, password } });
  }

  /** Calls the API as the person signed in. Throws ApiError. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    try {
      return await this.api.request<T>(method, path, options);
    } catch (e) {
      if (!(e instanceof ApiError) || e.kind !== 'unauthorized' || this.phase !== 'in' && this.phase !== 'lapsed') throw e;
      this.lapse();
      if (options.again === false) throw e;
      await new Promise<void>((resume, give) => this.waiting.push({ resume, give }));
      return this.api.request<T>(method, path, options);
    }
  }

  private lapse(): void {
    if (this.phase === 'lapsed') return;
    this.phase = 'lapsed';
    this.changed();
  }
}

/** The one session of this page. */
export const session = new Session();
