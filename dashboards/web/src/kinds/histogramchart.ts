/** The plot of a HISTOGRAM chart: slices in, heat map or ridgeline out, and the reader's zoom. */

import type { Extent } from "../figure.ts";
import type { Paintable } from "../painter.ts";
import { narrowest } from "../ranges.ts";
import { formatStep } from "../format.ts";
import { linearTicks, type Tick } from "../ticks.ts";
import { words } from "../entries/words.ts";
import { scaleColor, scalePalette } from "./colorscale.ts";
import { cellEdges, heatImage, valueExtent, type Slice } from "./heat.ts";
import type { PlotFigure } from "./plotfigure.ts";
import { ridgesOf, type Ridge } from "./ridges.ts";

export type Form = "heat" | "ridges";

const MOST_COLUMNS = 600;
const MOST_ROWS = 160;
const ROW_PX = 2;
const STEP_LABEL_PX = 64;
const VALUE_LABEL_PX = 36;
const RIDGE_LABEL_PX = 22;

type NdArray = (buffer: ArrayBufferLike, options: { dtype: string; shape: number[] }) => unknown;

export class HistogramChart implements Paintable {
  slices: readonly Slice[] = [];
  ridges: readonly Ridge[] = [];
  form: Form = "heat";
  log = false;
  zoom: { x: Extent; y: Extent | null } | null = null;
  painted = 0;

  constructor(readonly figure: PlotFigure, private readonly xName: string, private readonly done: () => void) {}

  setZoom(zoom: { x: Extent; y: Extent | null } | null): void {
    if (this.form !== "heat") return;
    if (zoom && zoom.x.end - zoom.x.start < narrowest(zoom.x)) return;
    this.zoom = zoom;
  }

  /** What is in sight: the whole, unless the reader chose a part. */
  get x(): Extent {
    const meet = cellEdges(this.slices.map((one) => one.x));
    return this.zoom?.x ?? { start: meet[0] ?? 0, end: meet[meet.length - 1] ?? 1 };
  }

  get y(): Extent {
    return this.zoom?.y ?? valueExtent(this.slices) ?? { start: 0, end: 1 };
  }

  paintTheme(): void {
    this.figure.paintTheme();
    this.figure.set("colors", { palette: scalePalette() });
  }

  paint(): void {
    const heat = this.form === "heat";
    this.figure.set("heat-image", { visible: heat });
    this.figure.set("ridge-patches", { visible: !heat });
    this.figure.set("y_grid", { visible: !heat });
    if (heat) this.paintHeat();
    else this.paintRidges();
    this.painted++;
    this.done();
  }

  private paintHeat(): void {
    const { figure, x, y } = this;
    const { width, height } = figure.frame;
    const size = {
      columns: Math.max(16, Math.min(MOST_COLUMNS, Math.round(width))),
      rows: Math.max(16, Math.min(MOST_ROWS, Math.round(height / ROW_PX))),
    };
    const image = heatImage(this.slices, x, y, size, this.log);
    figure.fill("heat", {
      image: [array(image.cells, [image.rows, image.columns])],
      x: [x.start], y: [y.start], dw: [x.end - x.start], dh: [y.end - y.start],
    });
    const whole = this.slices.every((one) => Number.isInteger(one.x));
    figure.setAxis("x", x, linearTicks(x.start, x.end, Math.max(2, width / STEP_LABEL_PX), whole), this.xName);
    figure.setAxis("y", y, linearTicks(y.start, y.end, Math.max(2, height / VALUE_LABEL_PX)), "");
  }

  private paintRidges(): void {
    const { figure } = this;
    this.ridges = ridgesOf(this.slices);
    const last = Math.max(1, this.ridges.length - 1);
    figure.fill("ridges", {
      xs: this.ridges.map((one) => one.xs), ys: this.ridges.map((one) => one.ys),
      fill: this.ridges.map((_, i) => scaleColor(0.16 + (0.34 * i) / last)),
      line: this.ridges.map((_, i) => scaleColor(0.55 + (0.25 * i) / last)),
    });
    const x = valueExtent(this.slices) ?? { start: 0, end: 1 };
    const { width, height } = figure.frame;
    figure.setAxis("x", x, linearTicks(x.start, x.end, Math.max(2, width / STEP_LABEL_PX)), words.value);
    figure.setAxis("y", { start: 0.4 - this.ridges.length, end: 2.4 }, this.grounds(height), "");
  }

  /** As many steps as have room, from the newest back. */
  private grounds(height: number): Tick[] {
    const room = height / (this.ridges.length + 2);
    const stride = Math.max(1, Math.ceil(RIDGE_LABEL_PX / room));
    const last = this.ridges.length - 1;
    return this.ridges.flatMap(({ ground, slice }, i) =>
      (last - i) % stride === 0 ? [{ at: ground, label: formatStep(slice.x) }] : []);
  }
}

/** Bokeh takes images as arrays of its own. */
function array(cells: Float32Array, shape: number[]): unknown {
  const bokeh = window.Bokeh as unknown as { require(name: string): { ndarray: NdArray } };
  return bokeh.require("core/util/ndarray").ndarray(cells.buffer, { dtype: "float32", shape });
}

