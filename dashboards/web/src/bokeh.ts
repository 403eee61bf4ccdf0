/** The little of BokehJS that the pages use, and waiting for its script. */

export interface Model {
  readonly type: string;
  readonly name: string | null;
  setv(values: Record<string, unknown>): void;
}

export interface Source extends Model {
  data: Record<string, Float64Array | string[]>;
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

let loading: Promise<Library> | null = null;

/** Resolves when bokeh.min.js and the fonts that figures draw with are there. */
export function bokehReady(): Promise<Library> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Library> {
  await Promise.all([scriptLoaded(), document.fonts.load('11px "Inter Variable"')]);
  if (!window.Bokeh) throw new Error("bokeh.min.js did not load");
  window.Bokeh.set_log_level("warn");
  return window.Bokeh;
}

function scriptLoaded(): Promise<void> {
  const script = document.getElementById("bokeh");
  if (window.Bokeh || !script) return Promise.resolve();
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error("bokeh.min.js could not be fetched")));
  });
}
