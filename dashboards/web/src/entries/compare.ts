/** Other runs beside this one: `?with=RUN` in the address, as often as there are runs. */

import { getChannels, getRun, isServerTrouble } from "../api.ts";
import type { Channel } from "../model.ts";
import type { EntrySource } from "./feed.ts";

/** Runs that the address names, at most as many as can be looked at together. */
export function comparedRuns(search: string = location.search): string[] {
  return [...new Set(new URLSearchParams(search).getAll("with"))].slice(0, 8);
}

/** The channels of the other runs that are named like `channels` and have their type. */
export async function comparedSources(channels: readonly Channel[], type: string): Promise<EntrySource[]> {
  const names = new Set(channels.map((one) => one.name));
  const found = await Promise.all(comparedRuns().map(async (id) => {
    const run = await tried(() => Promise.all([getRun(id), getChannels(id)]));
    if (!run) return [];
    const [{ name }, theirs] = run;
    return theirs.filter((one) => one.type === type && names.has(one.name))
      .map((one): EntrySource => ({ channel: one.id, number: null, name: one.name, run: name }));
  }));
  return found.flat();
}

/** A run that is gone leaves its place empty. */
async function tried<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isServerTrouble(error)) return null;
    throw error;
  }
}
