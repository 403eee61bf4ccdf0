/** Scripts of plotting libraries for frames, which may fetch none: the page fetches each once. */

import { base } from "../base.ts";
import { SCRIPTS, type ScriptName } from "../frame/scripts.ts";

/** Names of files, which the build knows, and the hash of the frame's own script. */
declare const BUILT: Readonly<Record<"d3" | "mpld3" | "frame", string>>;

export const frameAddress = (): string => `${base}/frame?v=${BUILT.frame}`;

export const bokehVersion = document.querySelector<HTMLMetaElement>('meta[name="agnez-bokeh"]')?.content ?? "";

const fetched = new Map<ScriptName, Promise<Blob>>();

/** What a frame asks for may be anything: only scripts that there are come. */
export async function scriptsFor(names: readonly unknown[]): Promise<Partial<Record<ScriptName, Blob>>> {
  const known = SCRIPTS.filter((name) => names.includes(name));
  const blobs = await Promise.all(known.map(async (name) => [name, await script(name)] as const));
  return Object.fromEntries(blobs);
}

function script(name: ScriptName): Promise<Blob> {
  let found = fetched.get(name);
  if (!found) {
    found = fetchScript(addressOf(name));
    fetched.set(name, found);
    found.catch(() => fetched.delete(name)); // the next one tries again
  }
  return found;
}

async function fetchScript(address: string): Promise<Blob> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.split("?", 1)[0]} could not be fetched: ${answer.status}`);
  return answer.blob();
}

function addressOf(name: ScriptName): string {
  const files: Partial<Record<ScriptName, string>> = { d3: BUILT.d3, mpld3: BUILT.mpld3 };
  return `${base}/static/${files[name] ?? `${name}.min.js?v=${encodeURIComponent(bokehVersion)}`}`;
}
