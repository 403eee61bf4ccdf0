/** `window.agnez`: what tests, and the curious, may read of a page. Nothing here changes anything. */

import type { CellRoom } from "./cells/room.ts";
import type { Grid } from "./grid.ts";
import type { Painter } from "./painter.ts";
import type { Connection } from "./socket.ts";

/** What a chart tells of itself. */
export interface ChartState {
  mounted: boolean;
  loading: boolean;
  /** Views taken from the server. */
  loads: number;
  zoomed: boolean;
  log: boolean;
  /** Points held of each series, by its id: the cursor for live frames. */
  cursors: Record<string, number>;
  range: { x: [number, number]; y: [number, number] } | null;
  /** Length of each Bokeh source, by name. */
  sources: Record<string, number>;
  /** Of charts whose points are no numbers. */
  entries: EntriesState | null;
}

export interface EntriesState {
  /** Places on the step slider, and the one it stands at; null while there is none. */
  places: number;
  at: { x: number; superseded: boolean } | null;
  /** The newest entry is shown as it comes. */
  following: boolean;
  /** What is shown now, one for each pane: null where it has nothing yet. */
  shown: ({ pane: string; x: number; session: number; rank: number; ordinal: number } | null)[];
}

export interface ChartHandle extends ChartState {
  title: string;
  type: string;
  /** Times the chart was filled. */
  painted: number;
}

export interface CellHandle {
  name: string;
  type: string;
  /** Times that something new was shown in it. */
  shown: number;
}

export interface Handle {
  /** Resolves when the page is drawn and the charts in sight have their numbers. */
  ready: Promise<void>;
  readonly connection: Connection;
  /** Number of the newest live frame that was painted, and times that anything was. */
  readonly frame: number;
  readonly rounds: number;
  readonly charts: Record<string, ChartHandle>;
  /** By id, in the order in which they stand. */
  readonly cells: Record<string, CellHandle>;
  /** A copy of the columns of a Bokeh source, for instance ("loss chart id", "raw:0"). */
  data(chart: string, source: string): Record<string, unknown[]>;
}

declare global {
  interface Window {
    agnez?: Handle;
  }
}

export interface Watched {
  grid?: Pick<Grid, "cards">;
  cells?: Pick<CellRoom, "cards">;
  painter?: Painter;
  connection: () => Connection;
  frame: () => number;
  ready: () => Promise<void>;
}

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
    get cells() { return page?.cells ? cellsOf(page.cells) : {}; },
    data(chart, source) {
      const card = [...(page?.grid?.cards.values() ?? [])].find((one) => one.chart.id === chart);
      const columns = card?.content.columns(source);
      if (!columns) throw new RangeError(`chart ${chart} has no source ${source}`);
      return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Array.from(values)]));
    },
  };
}

function chartsOf(grid: Pick<Grid, "cards">): Record<string, ChartHandle> {
  return Object.fromEntries([...grid.cards.values()].map(({ chart, content }) =>
    [chart.id, { title: chart.title, type: chart.type, painted: content.painted, ...content.state() }]));
}

function cellsOf(room: Pick<CellRoom, "cards">): Record<string, CellHandle> {
  return Object.fromEntries(room.cards.map(({ cell, stage }) =>
    [cell.id, { name: cell.name, type: cell.type, shown: stage.shown }]));
}
