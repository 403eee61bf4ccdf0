/** PR_CURVE and ROC_CURVE: the curves of the chosen step, with their areas. */

import type { ContentParts } from "../content.ts";
import { fill, h } from "../dom.ts";
import type { PrCurve, RocCurve } from "../entries/bodies.ts";
import type { Shown } from "../entries/panes.ts";
import type { StageEvents } from "../entries/stage.ts";
import { words } from "../entries/words.ts";
import { formatCount, formatShare, formatValue } from "../format.ts";
import type { Stroke } from "../figure.ts";
import { swatch } from "../swatch.ts";
import { strokeColor, token } from "../theme.ts";
import theme from "../../../agnez_dashboards/theme.json";
import type { PlotFigure } from "./plotfigure.ts";
import { PlotStage } from "./plotstage.ts";

interface Line {
  stroke: Stroke;
  xs: number[];
  ys: number[];
  thresholds: number[];
  area: number;
  positives: number;
  total: number;
}

interface CurveType {
  x: string;
  y: string;
  area: string;
  read(body: Record<string, unknown>): { label: string; xs: unknown; ys: unknown; thresholds: unknown; area: unknown; positives: number; total: number }[];
}

const listed = <T>(body: Record<string, unknown>): T[] => {
  if (!Array.isArray(body["curves"])) throw new RangeError("this entry has no curves");
  return body["curves"] as T[];
};

export const PR: CurveType = {
  x: words.recall, y: words.precision, area: words.ap,
  read: (body) => listed<PrCurve>(body).map((one) => ({
    label: one.label, xs: one.recall, ys: one.precision, thresholds: one.thresholds, area: one.ap, positives: one.positives, total: one.total,
  })),
};

export const ROC: CurveType = {
  x: words.fpr, y: words.tpr, area: words.auc,
  read: (body) => listed<RocCurve>(body).map((one) => ({
    label: one.label, xs: one.fpr, ys: one.tpr, thresholds: one.thresholds, area: one.auc, positives: one.positives, total: one.total,
  })),
};

/** How near to a point the pointer has to be. */
const NEAR_PX = 40;

export class CurveStage extends PlotStage {
  override readonly legend = h("div", { class: "legend-box" });
  override readonly many = true;
  private readonly list = h("ul", { class: "legend" });
  private readonly hidden = new Set<string>();
  private lines: readonly Line[] = [];
  private walked: number | null = null;

  constructor(parts: ContentParts, events: StageEvents, private readonly type: CurveType) {
    super(parts, events);
    this.legend.append(this.list);
  }

  protected override strokes(): readonly Stroke[] {
    return this.lines.filter((one) => !this.hidden.has(one.stroke.name)).map(({ stroke, area }) =>
      ({ ...stroke, name: `${stroke.name}  ${this.type.area} ${formatShare(area)}` }));
  }

  protected take(shown: readonly Shown[]): void {
    const found = shown.flatMap(({ pane, body }) => (body ? this.type.read(body).map((curve) => ({ pane, curve })) : []));
    this.lines = found.map(({ pane, curve }, i) => ({
      stroke: strokeOf(i, [pane.label, curve.label].filter(Boolean).join(" · ")),
      xs: numbers(curve.xs), ys: numbers(curve.ys), thresholds: numbers(curve.thresholds ?? []),
      area: Number(curve.area), positives: Number(curve.positives), total: Number(curve.total),
    }));
  }

  protected draw(figure: PlotFigure): void {
    const drawn = this.drawn();
    figure.fill("curves", {
      xs: drawn.map((one) => one.xs), ys: drawn.map((one) => one.ys),
      color: drawn.map((one) => strokeColor(one.stroke.color)), dash: drawn.map((one) => one.stroke.dash),
    });
    figure.setGlyph("guide-lines", { line_color: token("line-strong") });
    figure.setGlyph("guide-labels", { text_color: token("mute") });
    figure.setGlyph("at-points", { line_color: token("card") });
    this.drawLegend();
  }

  protected point(x: number, y: number): void {
    const figure = this.figure;
    if (!figure) return;
    let best: [Line, number] | null = null;
    let least = NEAR_PX;
    for (const line of this.drawn()) {
      for (let i = 0; i < line.xs.length; i++) {
        const away = Math.hypot(figure.pixelOfX(line.xs[i]!) - x, figure.pixelOfY(line.ys[i]!) - y);
        if (away < least) [least, best] = [away, [line, i]];
      }
    }
    this.tell(best);
  }

  protected leave(): void {
    this.walked = null;
    this.tell(null);
  }

  protected walk(dx: number): void {
    const line = this.drawn()[0];
    if (!line) return;
    const along = line.xs[0]! <= line.xs[line.xs.length - 1]! ? dx : -dx;
    this.walked = Math.max(0, Math.min(line.xs.length - 1, (this.walked ?? (along > 0 ? -1 : line.xs.length)) + along));
    this.tell([line, this.walked]);
  }

  private drawn(): readonly Line[] {
    return this.lines.filter((one) => !this.hidden.has(one.stroke.name));
  }

  private tell(at: [Line, number] | null): void {
    const [line, i] = at ?? [null, 0];
    this.figure?.fill("at", line
      ? { x: [line.xs[i]], y: [line.ys[i]], color: [strokeColor(line.stroke.color)] } : { x: [], y: [], color: [] });
    if (!line) return this.events.told("");
    const threshold = line.thresholds[i];
    this.events.told([
      `${this.type.x} ${formatValue(line.xs[i]!, 3)}`, `${this.type.y} ${formatValue(line.ys[i]!, 3)}`,
      threshold !== undefined && `${words.threshold} ${formatValue(threshold, 3)}`,
    ].filter(Boolean).join(" · "));
  }

  private drawLegend(): void {
    fill(this.list, ...this.lines.map(({ stroke, area, positives, total }) => {
      const shown = !this.hidden.has(stroke.name);
      const about = Number.isFinite(positives) && Number.isFinite(total)
        ? words.positives(formatCount(positives), formatCount(total)) : "";
      const button = h("button", {
        type: "button", class: "legend-item", "aria-pressed": String(shown), title: [stroke.name, about].filter(Boolean).join("\n"),
        onclick: () => this.toggle(stroke.name),
      }, swatch(stroke), h("span", { class: "legend-name" }, stroke.name),
        h("span", { class: "value" }, `${this.type.area} ${formatShare(area)}`));
      button.style.setProperty("--stroke", strokeColor(stroke.color));
      return h("li", {}, button);
    }));
  }

  private toggle(name: string): void {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.redraw();
    const place = this.lines.findIndex((one) => one.stroke.name === name);
    this.list.children[place]?.querySelector("button")?.focus();
  }
}

function strokeOf(index: number, name: string): Stroke {
  const { light, dash, marker } = theme.palette[index % theme.palette.length]!;
  return { number: index, name, color: light, dash: [...dash], marker };
}

function numbers(values: unknown): number[] {
  if (!Array.isArray(values)) throw new RangeError("a curve of this entry has no points");
  return values.map(Number);
}
