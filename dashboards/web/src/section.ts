/** What every section of a run's page answers to. */

import type { Channel, Chart, Run } from "./model.ts";
import type { News } from "./socket.ts";

export type SectionName = "charts" | "cells" | "media" | "console" | "system" | "code" | "artefacts";

/** What the page knows of its run. */
export interface Known {
  run: Run;
  channels: readonly Channel[];
  charts: readonly Chart[];
}

export interface Section {
  readonly name: SectionName;
  readonly element: HTMLElement;
  /** What stands in the head of the page while this section is in front. */
  readonly tools: readonly HTMLElement[];
  /** Behind the name of the section: how much is in it, "" where that is not known. */
  readonly count: string;
  update(known: Known): void;
  /** In front from now on, or no more. */
  turn(front: boolean): void;
  /** The run has new entries or console output. */
  news(news: News): void;
  /** Connected again: what came meanwhile is to be asked for. */
  reload(): void;
  /** The field that the key / leads to. */
  readonly search: HTMLInputElement | null;
}
