/**
 * Where the entries of a chart lie: for each pane the places of its channel and rank in all
 * sessions, and the stops of the step slider, which all panes share.
 */

import type { Num } from "../model.ts";

/** Where the entries of one series are, as `/channels/…/steps` tells. */
export interface StepsOfSeries {
  id: number;
  session: number;
  rank: number;
  superseded_from: Num | null;
  x: Num[];
  wall: number[];
}

export interface Place {
  series: number;
  session: number;
  rank: number;
  ordinal: number;
  x: number;
  wall: number;
  /** A newer session of the rank has been here. */
  superseded: boolean;
  /** Of several at the same x of a session: which, from 0. */
  nth: number;
}

/** Where the slider can stand: an x, told apart where there is more than one entry at it. */
export interface Stop {
  x: number;
  /** Of superseded entries only. */
  session: number | null;
  nth: number;
}

/** The places of one rank, in the order of x, those of older sessions first. */
export function placesOf(all: readonly StepsOfSeries[], rank: number): Place[] {
  const own = all.filter((one) => one.rank === rank).sort((a, b) => a.session - b.session);
  const places = own.flatMap(placesOfSeries);
  return places.sort((a, b) => a.x - b.x || a.session - b.session || a.nth - b.nth);
}

export function ranksOf(all: readonly StepsOfSeries[]): number[] {
  return [...new Set(all.map((one) => one.rank))].sort((a, b) => a - b);
}

/** Stops for these panes, ascending; superseded entries have their own where they are `wanted`. */
export function stopsOf(panes: readonly (readonly Place[])[], wanted: boolean): Stop[] {
  const found = new Map<string, Stop>();
  for (const places of panes) {
    for (const { x, session, superseded, nth } of places) {
      if (superseded && !wanted) continue;
      const stop = { x, session: superseded ? session : null, nth };
      found.set(`${x} ${stop.session} ${nth}`, stop);
    }
  }
  return [...found.values()].sort((a, b) => a.x - b.x || age(a) - age(b) || a.nth - b.nth);
}

/** The entry that a pane shows at a stop: the last one up to it; null when there is none yet. */
export function placeAt(places: readonly Place[], stop: Stop): Place | null {
  let best: Place | null = null;
  for (const place of places) {
    if (place.x > stop.x) break;
    if (stop.session === null ? place.superseded : place.session !== stop.session) continue;
    if (place.x < stop.x || place.nth <= stop.nth) best = place;
  }
  return best;
}

/**
 * At most `most` of the places that are not superseded: every 2^k-th and the last. So those that
 * were picked stay picked while more come, until every other one of them goes.
 */
export function spread(places: readonly Place[], most: number): Place[] {
  const current = places.filter((one) => !one.superseded);
  let stride = 1;
  while (Math.ceil(current.length / stride) + 1 > most && stride < current.length) stride *= 2;
  return current.filter((_, i) => i % stride === 0 || i === current.length - 1);
}

/** Superseded ones before what replaced them. */
const age = (stop: Stop): number => stop.session ?? Infinity;

function placesOfSeries(steps: StepsOfSeries): Place[] {
  const seen = new Map<number, number>();
  const from = steps.superseded_from === null ? Infinity : Number(steps.superseded_from);
  return steps.x.map((at, ordinal) => {
    const x = Number(at);
    const nth = seen.get(x) ?? 0;
    seen.set(x, nth + 1);
    return {
      series: steps.id, session: steps.session, rank: steps.rank, ordinal, x, wall: steps.wall[ordinal] ?? 0,
      superseded: x >= from, nth,
    };
  });
}
