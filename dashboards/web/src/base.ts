/**
 * Addresses of this server. The page says how it names the top ("." or ".."), and where it lies is
 * what the browser sees: so a proxy may put it below any path.
 */

const top = document.querySelector<HTMLMetaElement>('meta[name="agnez-base"]')?.content ?? ".";

/** Path below which everything lies, without a slash at the end. */
export const base: string = new URL(top, location.href).pathname.replace(/\/$/, "");

export const api = (path: string): string => `${base}/api/v1${path}`;
export const runPage = (id: string): string => `${base}/runs/${encodeURIComponent(id)}`;
export const homePage = (query = ""): string => `${base}/${query}`;
/** The login, which leads back to this page. */
export const loginPage = (): string =>
  `${base}/login?next=${encodeURIComponent(location.pathname.slice(base.length) + location.search)}`;

/** The id in the address of a run's page, null on any other page. */
export function runInAddress(path: string = location.pathname): string | null {
  const found = /^\/runs\/([^/]+)\/?$/.exec(path.slice(base.length));
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}
