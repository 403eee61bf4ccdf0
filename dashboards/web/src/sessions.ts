/**
 * Sessions of one channel, brought into lines: what a resumed run went over again is a tail.
 *
 * The server has the same rule (`sessions.py`), and one table of examples is checked against both:
 * a page hears of a new session by its points, before it asks.
 */

import type { Series } from "./series.ts";

type Member = Pick<Life, "id" | "rank" | "session">;

/** What the rule looks at: one series, as a channel's `series` tell of it. */
export interface Life {
  id: number;
  session: number;
  rank: number;
  count: number;
  min_x: number | null;
  max_wall: number | null;
}

/** One session in a line: its points with x below `until` are the newest there, the others a tail. */
export interface Part<T = Series> {
  series: T;
  until: number;
}

/** The sessions which continue one another, oldest first. */
export interface Chain<T = Series> {
  rank: number;
  parts: Part<T>[];
}

/** Whether `later` began after the last point of `earlier`, and has points itself. */
function follows(later: Life, earlier: Life): boolean {
  return later.session > earlier.session && later.session >= (earlier.max_wall ?? 0)
    && later.rank === earlier.rank && later.count > 0 && earlier.count > 0;
}

/** From which x on a series is superseded, by id; those that are not are left out. */
export function supersededFrom(lives: Iterable<Life>): Map<number, number> {
  const all = [...lives];
  const found = new Map<number, number>();
  for (const ofRank of byRank(all)) {
    for (const earlier of ofRank) {
      const from = ofRank.reduce((least, later) =>
        follows(later, earlier) ? Math.min(least, later.min_x ?? Infinity) : least, Infinity);
      if (from < Infinity) found.set(earlier.id, from);
    }
  }
  return found;
}

/** The lines of a channel by rank; sessions that ran side by side are lines of their own. */
export function chainsOf<T extends Member>(series: readonly T[], lives: ReadonlyMap<number, Life>): Chain<T>[] {
  const superseded = supersededFrom(series.map((one) => lives.get(one.id)!));
  const chains: Chain<T>[] = [];
  for (const ofRank of byRank(series)) {
    const own: Chain<T>[] = [];
    for (const one of ofRank) {
      const part = { series: one, until: superseded.get(one.id) ?? Infinity };
      const life = lives.get(one.id)!;
      const earlier = [...own].reverse().find((chain) => follows(life, lives.get(chain.parts.at(-1)!.series.id)!));
      if (earlier) earlier.parts.push(part);
      else own.push({ rank: one.rank, parts: [part] });
    }
    chains.push(...own);
  }
  return chains;
}

/** By ascending rank, each list oldest session first. */
function byRank<T extends Omit<Member, "id">>(all: readonly T[]): T[][] {
  const ranks = new Map<number, T[]>();
  for (const one of all) ranks.set(one.rank, [...(ranks.get(one.rank) ?? []), one]);
  return [...ranks].sort(([a], [b]) => a - b).map(([, list]) => list.sort((a, b) => a.session - b.session));
}
