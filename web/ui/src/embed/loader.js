// /embed.js: imports the element's module from the server that this script came from. Works as a classic
// script (also async or deferred) and as a module.
(() => {
  const self =
    document.currentScript ?? [...document.querySelectorAll('script[src]')].find((s) => new URL(s.src).pathname === '/embed.js');
  // A script put in by a tag manager may have no element of its own: then the page must be ours.
  import(new URL(ENTRY, self ? self.src : location.href).href).catch((e) => console.error('live-shop:', e));
})();
