/** Addresses of this server: everything lies below the base path that it wrote into the page. */

export const base: string =
  document.querySelector<HTMLMetaElement>('meta[name="agnez-base"]')?.content ?? "";

export const api = (path: string): string => `${base}/api/v1${path}`;
export const runPage = (id: string): string => `${base}/runs/${encodeURIComponent(id)}`;
export const homePage = (query = ""): string => `${base}/${query}`;
export const loginPage = (next: string): string => `${base}/login?next=${encodeURIComponent(next)}`;

/** The id in the address of a run's page, null on any other page. */
export function runInAddress(path: string = location.pathname): string | null {
  const found = /^\/runs\/([^/]+)\/?$/.exec(path.slice(base.length));
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}
