/** The little of BokehJS that the pages use, and waiting for its script. */

import { Unreachable } from "./api.ts";

export interface Model {
  readonly type: string;
  readonly name: string | null;
  setv(values: Record<string, unknown>): void;
}

export interface Source extends Model {
  data: Record<string, Float64Array | readonly (string | number | Float64Array)[]>;
}

export interface Range1d extends Model {
  readonly start: number;
  readonly end: number;
}

export interface Document {
  get_model_by_name(name: string): Model | null;
}

export interface Scale {
  compute(value: number): number;
  invert(pixel: number): number;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface PlotView {
  readonly model: Model & { document: Document; tags: unknown[] };
  readonly frame: { x_scale: Scale; y_scale: Scale; bbox: Box };
  export(type: "png" | "svg", hidpi: boolean): { canvas: HTMLCanvasElement };
  remove(): void;
}

interface Library {
  embed: { embed_item(item: unknown, target: HTMLElement): Promise<Iterable<PlotView>> };
  Models: Record<string, new () => Model>;
  set_log_level(level: string): void;
}

declare global {
  interface Window {
    Bokeh?: Library;
  }
}

const FRAME_MS = 17;

let loading: Promise<Library> | null = null;

/** Resolves when bokeh.min.js and the fonts of figures are there; after a failure the next call tries again. */
export function bokehReady(): Promise<Library> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

let turn: Promise<unknown> = Promise.resolve();
let embeddedAt = -Infinity;

/** Draws the figure that `item` (a json_item) describes inside `target`; several take turns, one a browser frame. */
export function embed(item: unknown, target: HTMLElement): Promise<PlotView> {
  const mine = turn.then(async () => {
    const bokeh = await bokehReady();
    if (performance.now() - embeddedAt < FRAME_MS && !document.hidden) await new Promise(requestAnimationFrame);
    if (!target.isConnected) throw new Unreachable("the place of the figure is gone");
    const [view] = [...(await bokeh.embed.embed_item(item, target))];
    embeddedAt = performance.now();
    if (!view) throw new Error("the figure is empty");
    return view;
  });
  turn = mine.catch(() => undefined);
  return mine;
}

async function load(): Promise<Library> {
  await Promise.all([scriptLoaded(), fontLoaded()]);
  if (!window.Bokeh) throw new Unreachable("bokeh.min.js did not load");
  window.Bokeh.set_log_level("warn");
  return window.Bokeh;
}

/** Without its font a figure is drawn with another one. */
async function fontLoaded(): Promise<void> {
  await document.fonts.load('11px "Inter Variable"').catch(() => undefined);
}

/** A script that failed never runs again: another one takes its place. */
function scriptLoaded(): Promise<void> {
  const written = document.querySelector<HTMLScriptElement>("script#bokeh");
  if (window.Bokeh || !written) return Promise.resolve();
  const script = document.readyState === "complete" ? anew(written) : written;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Unreachable("bokeh.min.js could not be fetched")));
    // The script of the page may have failed before anybody listened; the page itself goes on.
    window.addEventListener("load", () => window.Bokeh ? resolve() : reject(new Unreachable("bokeh.min.js is missing")));
  });
}

function anew(written: HTMLScriptElement): HTMLScriptElement {
  const script = document.createElement("script");
  script.id = written.id;
  script.src = written.src;
  written.replaceWith(script);
  return script;
}
