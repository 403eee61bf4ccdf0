/** Panes of a chart: one for each channel and rank, of this run and of those beside it. */

import type { Body } from "./bodies.ts";
import type { EntrySource } from "./feed.ts";
import { placesOf, ranksOf, type Place, type StepsOfSeries } from "./timeline.ts";
import { words } from "./words.ts";

export interface Pane {
  key: string;
  /** What tells it from the others; empty when it is alone. */
  label: string;
  channel: string;
  name: string;
  rank: number;
  places: readonly Place[];
}

/** What a pane shows at a stop. */
export interface Shown {
  pane: Pane;
  place: Place | null;
  body: Body | null;
}

export function panesOf(
  sources: readonly EntrySource[], steps: ReadonlyMap<string, readonly StepsOfSeries[]>,
): Pane[] {
  const ranks = new Set([...steps.values()].flatMap((all) => ranksOf(all)));
  const names = new Set(sources.map((one) => one.name));
  const runs = sources.some((one) => one.run !== null);
  return sources.flatMap((source) => {
    const all = steps.get(source.channel) ?? [];
    return ranksOf(all).map((rank) => ({
      key: `${source.channel} ${rank}`, channel: source.channel, name: source.name, rank,
      label: [runs && (source.run ?? words.thisRun), names.size > 1 && source.name, ranks.size > 1 && words.rank(rank)]
        .filter(Boolean).join(" · "),
      places: placesOf(all, rank),
    }));
  });
}

/** How many panes stand side by side before one has to be chosen. */
const SIDE_BY_SIDE = 4;

/** A choice of what is shown: all panes, or one of them by key. */
export function chosenPanes(panes: readonly Pane[], chosen: string | null, many: boolean): readonly Pane[] {
  const one = panes.find((pane) => pane.key === chosen);
  if (one) return [one];
  if (many && (chosen === ALL || panes.length <= SIDE_BY_SIDE)) return panes;
  return panes.slice(0, 1);
}

export const ALL = "all";
