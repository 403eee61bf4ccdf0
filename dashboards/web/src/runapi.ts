/** REST calls for one run: what is on its record, and what a reader may change of it. */

import { call, getJson, reached } from "./api.ts";
import { api } from "./base.ts";
import type { Artefact, ConsolePage, Marker, Page, Run, RunState, Writer } from "./model.ts";

export interface RunPatch {
  name?: string;
  notes?: string;
  tags?: readonly string[];
  state?: Exclude<RunState, "lost">;
}

const at = (run: string, rest = ""): string => `/runs/${encodeURIComponent(run)}${rest}`;

export async function patchRun(run: string, patch: RunPatch): Promise<Run> {
  const answer = await call(at(run), {
    method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(patch),
  });
  return (await reached(answer.json())) as Run;
}

/** To the trash, from where `restoreRun` brings it back. */
export async function deleteRun(run: string): Promise<void> {
  await call(at(run), { method: "DELETE" });
}

export async function restoreRun(run: string): Promise<void> {
  await call(at(run, "/restore"), { method: "POST" });
}

/** For good. */
export async function purgeRun(run: string): Promise<void> {
  await call(at(run, "?purge=true"), { method: "DELETE" });
}

export const getArtefacts = async (run: string): Promise<Artefact[]> =>
  (await getJson<Page<Artefact>>(at(run, "/artefacts"))).items;

export const getMarkers = async (run: string): Promise<Marker[]> =>
  (await getJson<Page<Marker>>(at(run, "/markers"))).items;

export type Part = { first: number; limit: number; find?: string } | { last: number };

/** Console output of one writer, of the first there is where it is null. */
export function getConsole(run: string, writer: Writer | null, part: Part, signal?: AbortSignal): Promise<ConsolePage> {
  const query = writerQuery(writer);
  for (const [name, value] of Object.entries(part)) if (value !== undefined) query.set(name, String(value));
  return getJson(at(run, `/console?${query}`), signal);
}

/** Address of all that a writer wrote, as text. */
export function consoleFile(run: string, writer: Writer | null): string {
  const query = writerQuery(writer);
  query.set("format", "text");
  return api(at(run, `/console?${query}`));
}

export const blobFile = (sha256: string, name: string): string =>
  api(`/blobs/${encodeURIComponent(sha256)}?download=${encodeURIComponent(name)}`);

export async function getBlobText(sha256: string): Promise<string> {
  const answer = await call(`/blobs/${encodeURIComponent(sha256)}`, {});
  return reached(answer.text());
}

function writerQuery(writer: Writer | null): URLSearchParams {
  if (!writer) return new URLSearchParams();
  return new URLSearchParams({ session: String(writer.session), rank: String(writer.rank) });
}
