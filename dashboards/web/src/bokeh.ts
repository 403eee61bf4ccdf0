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
  roots(): Model[];
}

export interface GlyphRenderer extends Model {
  readonly glyph: Model;
  readonly data_source: Source;
  readonly visible: boolean;
}

export interface Plot extends Model {
  readonly document: Document;
  readonly tags: unknown[];
  readonly renderers: readonly GlyphRenderer[];
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
  readonly model: Plot;
  readonly frame: { x_scale: Scale; y_scale: Scale; bbox: Box };
  export(type: "png" | "svg", hidpi: boolean): { canvas: HTMLCanvasElement };
  remove(): void;
}

interface Library {
  embed: { add_document_standalone(document: Document, target: HTMLElement): Promise<Iterable<PlotView>> };
  require(module: "document/index"): { Document: { from_json(json: unknown): Document } };
  Models: Record<string, new () => Model>;
  set_log_level(level: string): void;
}

declare global {
  interface Window {
    Bokeh?: Library;
  }
}

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

/** The models of the figure that `item` (a json_item) describes, which `embed` draws. */
export async function modelsOf(item: unknown): Promise<Document> {
  const bokeh = await bokehReady();
  return bokeh.require("document/index").Document.from_json((item as { doc: unknown }).doc);
}

/**
 * Draws a figure inside `target`; several take turns, so that each is seen before the next is begun.
 * What `prepare` sets, when it is the turn of this one, costs less than what is set later.
 */
export function embed(figure: Document, target: HTMLElement, prepare: () => void = () => undefined): Promise<PlotView> {
  const mine = turn.then(async () => {
    const bokeh = await bokehReady();
    if (!target.isConnected) throw new Unreachable("the place of the figure is gone");
    prepare();
    const [view] = [...(await bokeh.embed.add_document_standalone(figure, target))];
    if (!view) throw new Error("the figure is empty");
    return view;
  });
  turn = mine.then(shown, () => undefined);
  return mine;
}

/** After the next browser frame, or soon where there are none. */
function shown(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => setTimeout(resolve));
  });
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

/** The page has it fetched; it is run here, when what it will draw was asked for. One that failed never runs again. */
function scriptLoaded(): Promise<void> {
  const fetched = document.querySelector<HTMLLinkElement>("link#bokeh");
  if (window.Bokeh || !fetched) return Promise.resolve();
  const script = document.createElement("script");
  script.src = fetched.href;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      script.remove();
      reject(new Unreachable("bokeh.min.js could not be fetched"));
    });
    document.head.append(script);
  });
}
