/** Answers that boot.ts asked for before the scripts of the page were there: each is taken once. */

declare global {
  var agnezEarly: Map<string, Promise<Response>> | undefined;
}

/** null when nobody asked for `path`, or somebody took it. */
export function earlyAnswer(path: string): Promise<Response> | null {
  const found = globalThis.agnezEarly?.get(path) ?? null;
  globalThis.agnezEarly?.delete(path);
  return found;
}
