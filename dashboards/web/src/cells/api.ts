/** REST calls for cells: records of `/values`, and how a page has arranged them. */

import { call, getJson, reached } from "../api.ts";
import type { Arrangement } from "./arrangement.ts";
import type { CellRecord } from "./view.ts";

/** Where cells stand: on the first page, or on that of a run. */
export interface Place {
  /** "home", or the id of the run. */
  name: string;
  /** What its cells may call the run; null: all cells are here. */
  runs: readonly string[] | null;
}

/** All but the value, which may be as large as it likes. */
const HEAD = ["name", "type", "pos", "description", "run"];
/** What has no type is none: the service keeps anything for anybody. */
const CELLS = ["type[$gt]", ""];
const JSON_BODY = { "Content-Type": "application/json" };

/** Records of `place` without their values, oldest first; only those of `ids`, if any are named. */
export function getHeads(place: Place, ids: readonly string[] = []): Promise<CellRecord[]> {
  const query = new URLSearchParams([...HEAD.map((field) => ["$select[]", field]), CELLS]);
  for (const run of place.runs ?? []) query.append("run[$in][]", run);
  for (const id of ids) query.append("_id[$in][]", id);
  return getJson(`/values?${query}`);
}

export const getCell = (id: string, signal: AbortSignal): Promise<CellRecord> => getJson(at(id), signal);

/** The record as it was, to be made again. */
export async function removeCell(id: string): Promise<CellRecord> {
  const answer = await call(at(id), { method: "DELETE" });
  return (await reached(answer.json())) as CellRecord;
}

/** With its id: it is the same cell again. */
export async function makeCell(record: CellRecord): Promise<void> {
  await call("/values", { method: "POST", headers: JSON_BODY, body: JSON.stringify(record) });
}

export const getArrangement = (place: Place): Promise<Arrangement> => getJson(arrangementOf(place));

export async function putArrangement(place: Place, { columns, order, sizes }: Arrangement): Promise<void> {
  await call(arrangementOf(place), { method: "PUT", headers: JSON_BODY, body: JSON.stringify({ columns, order, sizes }) });
}

const at = (id: string): string => `/values/${encodeURIComponent(id)}`;
const arrangementOf = (place: Place): string => `/cells/arrangement?place=${encodeURIComponent(place.name)}`;
