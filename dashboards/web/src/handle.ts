/** `window.agnez`: what tests, and the curious, may read of a page. Nothing here changes anything. */

import type { Grid } from "./grid.ts";
import type { Painter } from "./painter.ts";
import type { Connection } from "./socket.ts";

export interface ChartHandle {
  title: string;
  mounted: boolean;
  loading: boolean;
  /** Times the figure was filled. */
  painted: number;
  /** Views taken from the server. */
  loads: number;
  zoomed: boolean;
  log: boolean;
  /** Points held of each series, by its id: the cursor for live frames. */
  cursors: Record<string, number>;
  range: { x: [number, number]; y: [number, number] } | null;
  /** Length of each Bokeh source, by name. */
  sources: Record<string, number>;
}

export interface Handle {
  /** Resolves when the page is drawn and the charts in sight have their numbers. */
  ready: Promise<void>;
  readonly connection: Connection;
  /** Number of the newest live frame that was painted, and times that anything was. */
  readonly frame: number;
  readonly rounds: number;
  readonly charts: Record<string, ChartHandle>;
  /** A copy of the columns of a Bokeh source, for instance ("loss chart id", "raw:0"). */
  data(chart: string, source: string): { x: number[]; y: number[] };
}

declare global {
  interface Window {
    agnez?: Handle;
  }
}

export interface Watched {
  grid?: Grid;
  painter?: Painter;
  connection: () => Connection;
  frame: () => number;
  ready: () => Promise<void>;
}

const ROLES = ["raw", "smooth", "old", "mark", "odd"] as const;

/**
 * Makes the handle; `start` draws the page and tells what may be read of it, null when it has no
 * charts. `window.agnez.ready` resolves with it.
 */
export function exposeHandle(start: () => Promise<Watched | null>): void {
  let page: Watched | null = null;
  const ready = start().then((drawn) => {
    page = drawn;
    return drawn?.ready();
  });
  window.agnez = {
    ready,
    get connection() { return page?.connection() ?? "connecting"; },
    get frame() { return page?.frame() ?? 0; },
    get rounds() { return page?.painter?.rounds ?? 0; },
    get charts() { return page?.grid ? chartsOf(page.grid) : {}; },
    data(chart, source) {
      const card = [...(page?.grid?.cards.values() ?? [])].find((one) => one.chart.id === chart);
      const [role, number] = source.split(":") as [(typeof ROLES)[number], string];
      const columns = card?.view.mounted?.source(role, Number(number)).data;
      if (!columns) throw new RangeError(`chart ${chart} has no source ${source}`);
      return { x: Array.from(columns["x"] as Float64Array), y: Array.from(columns["y"] as Float64Array) };
    },
  };
}

function chartsOf(grid: Grid): Record<string, ChartHandle> {
  return Object.fromEntries([...grid.cards.values()].map(({ chart, view }) => {
    const figure = view.mounted;
    const sources: Record<string, number> = {};
    for (const { number } of figure?.strokes ?? []) {
      for (const role of ROLES) sources[`${role}:${number}`] = figure!.source(role, number).data["x"]!.length;
    }
    const range = figure && {
      x: [figure.xRange.start, figure.xRange.end] as [number, number],
      y: [figure.yRange.start, figure.yRange.end] as [number, number],
    };
    return [chart.id, {
      title: chart.title, mounted: figure !== null, loading: view.feed.isLoading, painted: view.painted,
      loads: view.feed.loads, zoomed: view.zoom !== null, log: view.log, cursors: view.feed.cursors(),
      range, sources,
    }];
  }));
}
