/** What lies over a figure: the reader's pointer, the crosshair, a dot on each line. */

import type { Crosshair, Follower } from "./crosshair.ts";
import { fill, h } from "./dom.ts";
import type { Figure } from "./figure.ts";
import { Flags } from "./flags.ts";
import { bindGestures, type Plane } from "./gestures.ts";
import type { NumericChart } from "./numeric.ts";
import { nextX, readAt, type Reading } from "./readout.ts";
import { strings } from "./strings.ts";
import { strokeColor } from "./theme.ts";

const HINT_MS = 1400;

export interface PlotEvents {
  /** The place pointed at, in this chart or another; null when it is nowhere in sight here. */
  pointed(x: number | null): void;
  wheelIsFree(): boolean;
}

export class PlotArea implements Follower {
  readonly element: HTMLElement;
  private readonly cross = h("div", { class: "cross", hidden: true });
  private readonly dots = h("div", { class: "dots" });
  private readonly hint = h("div", { class: "hint", hidden: true }, strings.wheelHint);
  private readonly flags = new Flags();
  private hintTimer: ReturnType<typeof setTimeout> | undefined;
  private pointer: number | null = null;

  constructor(
    private readonly view: NumericChart, private readonly crosshair: Crosshair, private readonly events: PlotEvents,
  ) {
    this.element = h("div", {
      class: "overlay", tabindex: 0, role: "group", "aria-label": strings.plotHelp(view.chart.title),
    }, this.cross, this.dots, this.flags.element, this.hint);
    crosshair.follow(this);
    bindGestures(this.element, this.plane());
  }

  remove(): void {
    this.crosshair.leave(this);
  }

  /** The figure moved: what lies under a resting pointer is read anew, and a place that left is none. */
  painted(): void {
    this.showFlags();
    // Other ticks move the frame, which the figure does in a browser frame of its own.
    requestAnimationFrame(() => requestAnimationFrame(() => this.showFlags()));
    const leads = this.crosshair.leader === this;
    if (leads && this.pointer !== null) this.point(this.pointer);
    else if (leads && !this.shows(this.crosshair.at)) this.crosshair.clear();
    else this.showAt(this.crosshair.at);
  }

  showAt(x: number | null): void {
    const figure = this.view.mounted;
    const at = this.shows(x) ? x : null;
    this.cross.hidden = at === null;
    if (figure && at !== null) {
      const { top, height } = figure.frame;
      Object.assign(this.cross.style, {
        transform: `translateX(${Math.round(figure.pixelOfX(at))}px)`, top: `${top}px`, height: `${height}px`,
      });
    }
    this.flags.near(figure && at !== null ? figure.pixelOfX(at) : null);
    this.showDots(figure, at);
    this.events.pointed(at);
  }

  private showFlags(): void {
    if (this.view.mounted) this.flags.show(this.view.mounted, this.view.markers());
  }

  private shows(x: number | null): boolean {
    const figure = this.view.mounted;
    return figure !== null && x !== null && isInside(figure, figure.pixelOfX(x));
  }

  private showDots(figure: Figure | null, x: number | null): void {
    const dots: HTMLElement[] = [];
    for (const [number, lines] of this.view.lines) {
      if (!figure || x === null || this.view.hidden.has(number)) continue;
      const stroke = figure.strokes.find((one) => one.number === number);
      for (const { color, ...line } of [...lines.ranks.filter((one) => one.color !== null), { ...lines, color: stroke?.color ?? "" }]) {
        const reading = readAt(line, x);
        if (reading && Number.isFinite(reading.y)) dots.push(dotAt(figure, color!, reading));
      }
    }
    fill(this.dots, ...dots);
  }

  private plane(): Plane {
    const { view } = this;
    const figure = (): Figure => view.mounted!;
    return {
      frame: () => view.mounted?.frame ?? null,
      xAt: (pixel) => figure().xAt(pixel),
      yAt: (pixel) => figure().yAt(pixel),
      x: () => figure().xRange,
      zoom: (x, y) => view.setZoom({ x, y }),
      reset: () => view.setZoom(null),
      point: (pixel) => this.point(pixel),
      next: (direction) => this.step(direction),
      wheelIsFree: () => this.events.wheelIsFree(),
      wheelRefused: () => this.showHint(),
    };
  }

  private point(pixel: number | null): void {
    const figure = this.view.mounted;
    this.pointer = pixel;
    this.crosshair.point(figure && pixel !== null && isInside(figure, pixel) ? figure.xAt(pixel) : null, this);
  }

  private step(direction: 1 | -1): void {
    const range = this.view.mounted!.xRange;
    const from = this.crosshair.at ?? (direction === 1 ? range.start : range.end);
    const next = nextX(this.view.lines.values(), from, direction);
    if (next === null || next < range.start || next > range.end) return;
    this.pointer = null;
    this.crosshair.point(next, this);
  }

  private showHint(): void {
    this.hint.hidden = false;
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => (this.hint.hidden = true), HINT_MS);
  }
}

function isInside({ frame: { left, width } }: Figure, pixel: number): boolean {
  return pixel >= left - 0.5 && pixel <= left + width + 0.5;
}

function dotAt(figure: Figure, color: string, reading: Reading): HTMLElement {
  const dot = h("span", { class: "dot-at" });
  dot.style.transform = `translate(${figure.pixelOfX(reading.x)}px, ${figure.pixelOfY(reading.y)}px)`;
  dot.style.background = strokeColor(color);
  return dot;
}
