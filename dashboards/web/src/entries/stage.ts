/** What shows the entries of a chart: panes side by side, or one plot of all of them. */

import type { MenuItem } from "../menu.ts";
import type { Shown } from "./panes.ts";

export interface Stage {
  readonly element: HTMLElement;
  readonly legend: HTMLElement | null;
  readonly tools: readonly HTMLElement[];
  /** Panes can stand side by side; else one has to be chosen. */
  readonly many: boolean;
  mount(): Promise<void>;
  show(shown: readonly Shown[], signal: AbortSignal): Promise<void>;
  paintTheme(): void;
  exports(): readonly MenuItem[];
  columns(source: string): Record<string, ArrayLike<unknown>> | null;
  remove(): void;
}

/** What a stage may tell its card. */
export interface StageEvents {
  told(text: string): void;
}
