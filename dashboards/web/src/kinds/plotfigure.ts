/** A mounted Bokeh figure of entries: sources and axes by name, colours of the theme. */

import { embed, modelsOf, type Box, type Model, type PlotView } from "../bokeh.ts";
import type { Extent } from "../figure.ts";
import { token } from "../theme.ts";
import type { Tick } from "../ticks.ts";

type Columns = Record<string, unknown>;

export class PlotFigure {
  private readonly ticks = { x: "", y: "" };

  private constructor(private readonly view: PlotView) {}

  /** Builds the figure that `item` (a json_item) describes inside `target`. */
  static async mount(item: unknown, target: HTMLElement): Promise<PlotFigure> {
    return new PlotFigure(await embed(await modelsOf(item), target));
  }

  get frame(): Box {
    return this.view.frame.bbox;
  }

  xAt(pixel: number): number {
    return this.view.frame.x_scale.invert(pixel);
  }

  yAt(pixel: number): number {
    return this.view.frame.y_scale.invert(pixel);
  }

  pixelOfX(x: number): number {
    return this.view.frame.x_scale.compute(x);
  }

  pixelOfY(y: number): number {
    return this.view.frame.y_scale.compute(y);
  }

  fill(source: string, columns: Columns): void {
    (this.model(source) as Model & { data: Columns }).data = columns;
  }

  columns(source: string): Record<string, ArrayLike<unknown>> | null {
    const found = this.view.model.document.get_model_by_name(source) as (Model & { data?: Columns }) | null;
    return (found?.data as Record<string, ArrayLike<unknown>> | undefined) ?? null;
  }

  set(name: string, values: Record<string, unknown>): void {
    this.model(name).setv(values);
  }

  setGlyph(name: string, values: Record<string, unknown>): void {
    this.model<Model & { glyph: Model }>(name).glyph.setv(values);
  }

  setAxis(axis: "x" | "y", range: Extent, ticks: readonly Tick[], name?: string): void {
    const shown = ticks.map((tick) => `${tick.at} ${tick.label}`).join("\n");
    const model = this.model<Model & { ticker: Model }>(`${axis}_axis`);
    if (shown !== this.ticks[axis]) {
      model.setv({ major_label_overrides: new Map(ticks.map((tick) => [tick.at, tick.label])) });
      model.ticker.setv({ ticks: ticks.map((tick) => tick.at) });
    }
    this.ticks[axis] = shown;
    if (name !== undefined) model.setv({ axis_label: name || null });
    this.model(`${axis}_range`).setv({ ...range });
  }

  paintTheme(): void {
    for (const axis of ["x_axis", "y_axis"]) {
      this.set(axis, { axis_label_text_color: token("mute"), major_label_text_color: token("mute") });
    }
    this.set("x_axis", { axis_line_color: token("line-strong") });
    this.set("y_grid", { grid_line_color: token("grid") });
  }

  drawn(): HTMLCanvasElement {
    return this.view.export("png", true).canvas;
  }

  remove(): void {
    this.view.remove();
  }

  private model<T extends Model = Model>(name: string): T {
    const found = this.view.model.document.get_model_by_name(name);
    if (!found) throw new Error(`the figure has no ${name}`);
    return found as T;
  }
}
