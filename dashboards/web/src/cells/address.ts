/** Where the picture of a cell lies: which addresses are looked at, and how. */

/** `own`: asked of this server; `foreign`: in a frame; `data`: it lies in the address itself. */
export type Place = { kind: "own" | "foreign" | "data"; url: string } | { kind: "refused"; why: "scheme" | "malformed" };

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const DATA = /^data:(image|video)\/[\w.+-]+[;,]/i;
/** What browsers skip when they read an address. */
const SKIPPED = /[\u0000-\u0020]/g;
const BLOB = /\/(api\/v1\/blobs\/[0-9a-f]{64})$/;
const OURS = /^\/(images|api\/v1\/blobs)\//;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * `value` as it stands in a record; relative ones lie below the top of the site, on any page.
 * `root` is that top, as "http://host/agnez/".
 */
export function placeOf(value: string, root: string): Place {
  const text = value.trim();
  // A scheme is looked for as a browser would read it: "java\nscript:" is one to it.
  const scheme = SCHEME.exec(text.replace(SKIPPED, ""))?.[0].toLowerCase() ?? "";
  if (scheme === "data:") return DATA.test(text) ? { kind: "data", url: text } : { kind: "refused", why: "scheme" };
  if (scheme !== "" && scheme !== "http:" && scheme !== "https:") return { kind: "refused", why: "scheme" };
  const url = resolved(text, new URL(root));
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return { kind: "refused", why: "malformed" };
  return atHome(url, new URL(root));
}

function resolved(text: string, root: URL): URL | null {
  const below = OURS.test(text) ? `.${text}` : text; // "/images/…" is ours below any path
  return URL.canParse(below, root.href) ? new URL(below, root) : null;
}

/** This server has several names; and a blob is the same wherever it lies. */
function atHome(url: URL, root: URL): Place {
  const blob = BLOB.exec(url.pathname)?.[1];
  const isAlias = LOOPBACK.test(url.hostname) && LOOPBACK.test(root.hostname) && url.port === root.port && url.protocol === root.protocol;
  if (url.username || url.password) return { kind: "refused", why: "malformed" };
  if (blob) return { kind: "own", url: new URL(blob + url.search, root).href };
  if (isAlias) url.host = root.host;
  return url.origin === root.origin ? { kind: "own", url: url.href } : { kind: "foreign", url: url.href };
}
