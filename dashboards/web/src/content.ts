/** What stands in a card: a class for each type of chart, behind this. */

import type { Crosshair } from "./crosshair.ts";
import type { Block } from "./frames.ts";
import type { ChartState } from "./handle.ts";
import type { MenuItem } from "./menu.ts";
import type { Channel, Chart } from "./model.ts";
import type { ChartContext } from "./numeric.ts";

export interface ContentEvents {
  /** Something is shown: what stood in its place goes. */
  painted(): void;
  failed(error: unknown): void;
  /** Beside the title: the place pointed at, the step. */
  told(text: string): void;
  wheelIsFree(): boolean;
}

export interface Content {
  /** Names and values beside the title, where a chart has any. */
  readonly legend: HTMLElement | null;
  readonly body: HTMLElement;
  /** Buttons in the head of the card. */
  readonly tools: readonly HTMLElement[];
  /** Times that something was shown. */
  readonly painted: number;
  /** In sight for the first time, or once more after a failure. */
  mount(): Promise<void>;
  /** In sight again. */
  resume(): void;
  /** Out of sight: no more requests. */
  pause(): void;
  /** The connection is back: everything anew. */
  reload(): void;
  /** A live frame brought points. */
  take(block: Block): void;
  /** These channels of the run have new entries. */
  news(numbers: ReadonlySet<number>): void;
  /** What the server says of the channels changed. */
  update(channels: readonly Channel[]): void;
  /** What the reader chose on the page (smoothing) changed. */
  ask(): void;
  setAxis(): void;
  paintTheme(): void;
  exports(): readonly MenuItem[];
  /** What tests may read. */
  state(): ChartState;
  /** The columns of a Bokeh source; null when there is none of this name. */
  columns(source: string): Record<string, ArrayLike<unknown>> | null;
  remove(): void;
}

export interface ContentParts {
  chart: Chart;
  channels: readonly Channel[];
  context: ChartContext;
  crosshair: Crosshair;
  events: ContentEvents;
}
