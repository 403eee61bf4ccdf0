/** The band of a channel over REST: all of its ranks as one curve. */

import { getJson, type View } from "./api.ts";
import type { Num } from "./model.ts";

/** How far a rank is. */
export interface Standing {
  rank: number;
  count: number;
  x: number;
  y: Num | null;
  /** µs UTC. */
  wall: number;
  /** Steps behind the rank in the middle; null where that is not clearly so. */
  behind: number | null;
}

export interface Band {
  members: number;
  /** Points of the channel that were there when it was made. */
  total: number;
  exact: boolean;
  x: number[];
  mean: number[];
  lo: number[];
  hi: number[];
  count: number[];
  /** The mean of what the newest sessions went over again. */
  tail: { x: number[]; mean: number[] };
  odd: { x: number[]; y: Num[]; rank: number[] };
  ranks: Standing[];
}

export function getBand({ channel, axis, px, range }: View, signal?: AbortSignal): Promise<Band> {
  const query = new URLSearchParams({ px: String(px), axis });
  if (range) {
    query.set("x0", String(range.lo));
    query.set("x1", String(range.hi));
  }
  return getJson(`/channels/${encodeURIComponent(channel)}/band?${query}`, signal);
}
