/** Addresses that name cells, and those that cells name. */

import { ApiError, getRun, getRuns, isServerTrouble } from "../api.ts";
import { homePage, runPage } from "../base.ts";

const MARK = "#cell=";

/** All cells stand on the first page, those of runs as well. */
export const cellAddress = (id: string): string => new URL(homePage(MARK + encodeURIComponent(id)), location.href).href;

/** The cell that the address of this page names; null for none. */
export function cellInAddress(hash: string = location.hash): string | null {
  if (!hash.startsWith(MARK)) return null;
  try {
    return decodeURIComponent(hash.slice(MARK.length));
  } catch {
    return null; // somebody's own percent signs
  }
}

/** The page of the run that a cell calls `run`, by its id or, the newest first, by its name; null where there is none. */
export async function runAddress(run: string): Promise<string | null> {
  try {
    return runPage((await getRun(run)).id);
  } catch (error) {
    if (!isServerTrouble(error)) throw error;
    if (!(error instanceof ApiError) || error.status >= 500) return null;
  }
  const found = await getRuns(new URLSearchParams({ q: run, sort: "-created_at", limit: "50" })).catch(() => null);
  const named = found?.items.find((one) => one.name === run);
  return named ? runPage(named.id) : null;
}
