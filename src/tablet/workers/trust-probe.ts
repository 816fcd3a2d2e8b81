/**
 * A service worker that does nothing. Browsers take one only from a server whose certificate they trust, and not where
 * somebody was merely talked into going on: the page that checks the trust registers it, and takes it away at once.
 */
export {};
