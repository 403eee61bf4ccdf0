/** What tests may read of a NUMERIC chart. */

import type { Lines } from "./figure.ts";
import type { ChartState } from "./handle.ts";
import type { NumericChart } from "./numeric.ts";

const ROLES = ["raw", "smooth", "old", "older", "mark", "odd", "band", "ranks"] as const satisfies readonly (keyof Lines)[];

export function numericState(view: NumericChart): ChartState {
  const figure = view.mounted;
  const sources: Record<string, number> = {};
  for (const { number } of figure?.strokes ?? []) {
    for (const role of ROLES) sources[`${role}:${number}`] = Object.values(figure!.source(role, number).data)[0]!.length;
  }
  return {
    mounted: figure !== null, loading: view.feed.isLoading, loads: view.feed.loads, zoomed: view.zoom !== null,
    log: view.log, cursors: view.feed.cursors(), sources, entries: null,
    range: figure && {
      x: [figure.xRange.start, figure.xRange.end], y: [figure.yRange.start, figure.yRange.end],
    },
  };
}

/** The columns of a source of its figure, for instance `raw:0`; null when it has none of this name. */
export function numericColumns(view: NumericChart, source: string): Record<string, ArrayLike<unknown>> | null {
  const [role, number] = source.split(":") as [(typeof ROLES)[number], string];
  const data = view.mounted?.source(role, Number(number)).data;
  return data ? Object.fromEntries(Object.entries(data).map(([name, values]) => [name, plain(values)])) : null;
}

/** Columns of columns (`ranks`) as lists, which can be handed out of the page. */
function plain(values: ArrayLike<unknown>): unknown[] {
  return Array.from(values, (value) => (value instanceof Float64Array ? Array.from(value) : value));
}
