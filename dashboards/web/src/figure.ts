/** A mounted figure of NUMERIC channels: columns in, ranges and ticks set, colours switched. */

import { embed, modelsOf, type Box, type GlyphRenderer, type Model, type Plot, type PlotView, type Range1d, type Source } from "./bokeh.ts";
import type { Tick } from "./ticks.ts";
import { markerColor, type PlacedMarker } from "./markers.ts";
import { strokeColor, token } from "./theme.ts";

export interface Stroke {
  number: number;
  name: string;
  /** As in the light mode; `strokeColor` gives the one to draw with. */
  color: string;
  dash: number[];
  marker: string;
}

export interface XY {
  x: Float64Array;
  y: Float64Array;
}

/** Between which values the ranks lie. */
export interface BandColumns {
  x: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
}

/** One of many ranks; `color` as in the light mode, null is that of the channel. */
export interface RankLine {
  rank: number;
  color: string | null;
  width: number;
  alpha: number;
  raw: XY;
  smooth: XY;
}

export interface Lines {
  raw: XY;
  smooth: XY;
  /** Tails of the sessions before the newest, and of those before them. */
  old: XY;
  older: XY;
  mark: XY;
  odd: XY & { marker: string[] };
  /** Where a channel has many ranks: `raw` and `smooth` are their mean then. */
  band: BandColumns | null;
  ranks: readonly RankLine[];
}

export interface Extent {
  start: number;
  end: number;
}

/** About as wide is an axis with its labels. */
export const AXIS_PX = 50;
const NOTHING = new Float64Array();
const LAYERS = ["band-area", "rank-lines", "older-line", "old-line", "raw-line", "smooth-line", "mark-points", "odd-points"] as const;

export class Figure {
  readonly strokes: readonly Stroke[];
  private log = false;
  private view: PlotView | null = null;
  private readonly ticks = { x: "", y: "" };
  private readonly dense = new Map<number, boolean>();
  private readonly models = new Map<string, Model>();
  /** All there are, from below. Those that never had anything to draw are no part of the plot: each costs its time. */
  private readonly layers: readonly GlyphRenderer[];
  private readonly drawn = new Set<GlyphRenderer>();

  private constructor(private readonly plot: Plot, private readonly target: HTMLElement) {
    const [tag] = plot.tags as [{ channels: Stroke[] }];
    this.strokes = tag.channels;
    this.layers = plot.renderers;
    for (const layer of this.layers) {
      this.models.set(layer.name!, layer);
      this.models.set(layer.data_source.name!, layer.data_source);
    }
  }

  /** The figure that `item` (a json_item) describes, to be drawn inside `target`. */
  static async make(item: unknown, target: HTMLElement): Promise<Figure> {
    const [plot] = (await modelsOf(item)).roots();
    return new Figure(plot as Plot, target);
  }

  /** Draws it; `fill` is called when its turn has come. */
  async mount(fill: () => void): Promise<void> {
    this.view = await embed(this.plot.document, this.target, () => {
      fill();
      this.plot.setv({ renderers: [] });
      this.addLayers();
    });
  }

  remove(): void {
    this.view?.remove();
  }

  /** Where the lines are drawn, in pixels of the figure; about there, while it is not drawn. */
  get frame(): Box {
    if (this.view) return this.view.frame.bbox;
    const { clientWidth, clientHeight } = this.target;
    return { left: AXIS_PX, top: 0, width: clientWidth - AXIS_PX, height: clientHeight - AXIS_PX };
  }

  xAt(pixel: number): number {
    return this.view!.frame.x_scale.invert(pixel);
  }

  pixelOfX(x: number): number {
    return this.view!.frame.x_scale.compute(x);
  }

  yAt(pixel: number): number {
    return this.view!.frame.y_scale.invert(pixel);
  }

  pixelOfY(y: number): number {
    return this.view!.frame.y_scale.compute(y);
  }

  get xRange(): Extent {
    const { start, end } = this.model<Range1d>("x_range");
    return { start, end };
  }

  get yRange(): Extent {
    const { start, end } = this.model<Range1d>("y_range");
    return { start, end };
  }

  source(name: keyof Lines, number: number): Source {
    return this.model<Source>(`${name}:${number}`);
  }

  fill(number: number, lines: Lines): void {
    const stroke = this.strokes.find((one) => one.number === number);
    const { band, ranks, ...plain } = lines;
    for (const [name, columns] of Object.entries(plain)) this.put(name as keyof Lines, number, { ...columns });
    this.put("band", number, band ? { ...band } : { x: NOTHING, lo: NOTHING, hi: NOTHING });
    this.put("ranks", number, {
      xs: ranks.map((one) => one.smooth.x), ys: ranks.map((one) => one.smooth.y),
      color: ranks.map((one) => strokeColor(one.color ?? stroke?.color ?? "")),
      width: ranks.map((one) => one.width), alpha: ranks.map((one) => one.alpha),
    });
  }

  setX(range: Extent, ticks: readonly Tick[]): void {
    this.setAxis("x", range, ticks);
  }

  setY(range: Extent, ticks: readonly Tick[], log: boolean): void {
    if (log !== this.log) this.setScale(log, range);
    this.setAxis("y", range, ticks);
  }

  setXName(name: string): void {
    this.model("x_axis").setv({ axis_label: name });
  }

  /** More points than pixels: a thin line without dashes, or it becomes a band. */
  setDense(number: number, dense: boolean): void {
    if (this.dense.get(number) === dense) return;
    this.dense.set(number, dense);
    const stroke = this.strokes.find((one) => one.number === number);
    const { glyph } = this.model<Model & { glyph: Model }>(`smooth-line:${number}`);
    glyph.setv({ line_width: dense ? 1.2 : 1.75, line_dash: dense ? [] : (stroke?.dash ?? []) });
  }

  /** `raw`: the faint line of points as sent, which is drawn only under a smoothed one. */
  show(number: number, shown: boolean, raw: boolean): void {
    for (const layer of LAYERS) {
      this.model(`${layer}:${number}`).setv({ visible: shown && (layer !== "raw-line" || raw) });
    }
  }

  /** Colours of the mode which the page is in now. */
  paintTheme(): void {
    for (const axis of ["x_axis", "y_axis"]) {
      this.model(axis).setv({
        axis_label_text_color: token("mute"), major_label_text_color: token("mute"),
      });
    }
    this.model("x_axis").setv({ axis_line_color: token("line-strong") });
    this.model("y_grid").setv({ grid_line_color: token("grid") });
    for (const stroke of this.strokes) this.paintStroke(stroke);
  }

  /** Layers which have something to draw for the first time. */
  addLayers(): void {
    const before = this.drawn.size;
    for (const layer of this.layers) if (layer.visible && !isEmpty(layer.data_source.data)) this.drawn.add(layer);
    if (this.drawn.size > before) this.plot.setv({ renderers: this.layers.filter((layer) => this.drawn.has(layer)) });
  }

  /** What is drawn now, with as many pixels as the screen has. */
  picture(): HTMLCanvasElement {
    return this.view!.export("png", true).canvas;
  }

  setMarkers(markers: readonly PlacedMarker[]): void {
    const source = this.model<Source>("markers");
    if (markers.length === 0 && source.data["x"]!.length === 0) return;
    source.data = {
      x: Float64Array.from(markers, ({ x }) => x), color: markers.map(({ level }) => markerColor(level)),
    };
  }

  private put(name: keyof Lines, number: number, columns: Source["data"]): void {
    const source = this.source(name, number);
    if (!(isEmpty(columns) && isEmpty(source.data))) source.data = columns;
  }

  private paintStroke(stroke: Stroke): void {
    const color = strokeColor(stroke.color);
    for (const layer of LAYERS) {
      const glyph = this.model<Model & { glyph: Model }>(`${layer}:${stroke.number}`).glyph;
      if (layer === "mark-points") glyph.setv({ fill_color: color, line_color: token("card") });
      else if (layer === "band-area") glyph.setv({ fill_color: color });
      else if (layer === "rank-lines") continue; // colours are columns
      else if (layer === "odd-points") glyph.setv({ fill_color: color, line_color: color });
      else glyph.setv({ line_color: color });
    }
  }

  private setAxis(axis: "x" | "y", range: Extent, ticks: readonly Tick[]): void {
    const shown = ticks.map((tick) => `${tick.at} ${tick.label}`).join("\n");
    if (shown !== this.ticks[axis]) this.setTicks(axis, ticks);
    this.ticks[axis] = shown;
    this.model(`${axis}_range`).setv({ ...range });
  }

  /** Other ticks lay the whole figure out anew: much dearer than new points. */
  private setTicks(axis: "x" | "y", ticks: readonly Tick[]): void {
    const model = this.model<Model & { ticker: Model }>(`${axis}_axis`);
    model.setv({ major_label_overrides: new Map(ticks.map((tick) => [tick.at, tick.label])) });
    model.ticker.setv({ ticks: ticks.map((tick) => tick.at) });
  }

  private setScale(log: boolean, range: Extent): void {
    const models = window.Bokeh!.Models;
    const Scale = log ? models["LogScale"]! : models["LinearScale"]!;
    // The range first: a log scale over a range that reaches below zero can't be drawn.
    this.model("y_range").setv({ ...range });
    this.plot.setv({ y_scale: new Scale() });
    this.log = log;
  }

  private model<T extends Model = Model>(name: string): T {
    const found = this.models.get(name) ?? this.plot.document.get_model_by_name(name);
    if (!found) throw new Error(`the figure has no ${name}`);
    this.models.set(name, found);
    return found as T;
  }
}

const isEmpty = (data: Source["data"]): boolean => Object.values(data)[0]!.length === 0;
