/** What the page and its frame say to each other, through a port which the page hands in at first. */

import type { ScriptName } from "./scripts.ts";

/** What to show, and the version of Bokeh that would draw it. */
export type Order = { bokeh: string } & ({ kind: "html"; html: string } | { kind: "bokeh"; item: unknown });

export type FrameWord =
  | { kind: "need"; scripts: ScriptName[] }
  | { kind: "shown" }
  | { kind: "failed"; why: string }
  /** In pixels; a width of 0: it fits. */
  | { kind: "size"; width: number; height: number }
  /** Something of `what` was asked of `host`, or of this server (""), and is not fetched. */
  | { kind: "blocked"; what: string; host: string }
  /** It was made for this other version of Bokeh. */
  | { kind: "bokeh"; made: string }
  /** It has the port, and is there still. */
  | { kind: "here" };

export type PageWord =
  | { kind: "order"; order: Order }
  | { kind: "scripts"; scripts: Partial<Record<ScriptName, Blob>> }
  | { kind: "failed"; why: string }
  | { kind: "there?" };
