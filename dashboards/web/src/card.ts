/** A chart in its frame: title, legend with values, tools; mounted when it comes into sight. */

import { getFigure } from "./api.ts";
import { api } from "./base.ts";
import type { Crosshair, Follower } from "./crosshair.ts";
import { fill, h, setText } from "./dom.ts";
import { formatElapsed, formatStep } from "./format.ts";
import type { Block } from "./frames.ts";
import { bindGestures, type Plane } from "./gestures.ts";
import { icon } from "./icons.ts";
import { Legend } from "./legend.ts";
import type { Channel, Chart } from "./model.ts";
import { NumericChart, type ChartContext } from "./numeric.ts";
import { menuButton, type MenuItem } from "./menu.ts";
import { lastOf, nextX, readAt, type Reading } from "./readout.ts";
import { strings } from "./strings.ts";
import { strokeColor } from "./theme.ts";

const HINT_MS = 1400;

export class Card implements Follower {
  readonly element: HTMLElement;
  readonly view: NumericChart;
  private legend: Legend | null = null;
  private mounting: Promise<void> | null = null;
  private hintTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly place = h("div", { class: "figure" });
  private readonly cross = h("div", { class: "cross", hidden: true });
  private readonly dots = h("div", { class: "dots" });
  private readonly hint = h("div", { class: "hint", hidden: true }, strings.wheelHint);
  private readonly overlay: HTMLElement;
  private readonly legendPlace = h("div", { class: "legend-box" });
  private readonly at = h("output", { class: "at" });
  private readonly status = h("div", { class: "card-status" }, h("div", { class: "skeleton-plot" }));
  private readonly resetButton: HTMLButtonElement;
  private pointed: number | null = null;
  private leaveLarge: () => void = () => undefined;

  constructor(
    readonly chart: Chart, private channels: readonly Channel[],
    private readonly context: ChartContext, private readonly crosshair: Crosshair,
  ) {
    this.view = new NumericChart(chart, channels, context, {
      painted: () => this.painted(),
      zoomed: () => this.showZoom(),
      failed: (error) => this.fail(error),
    });
    this.overlay = h("div", {
      class: "overlay", tabindex: 0, role: "group", "aria-label": strings.plotHelp(chart.title),
    }, this.cross, this.dots);
    this.resetButton = h("button", {
      type: "button", class: "button small reset", hidden: true, onclick: () => this.view.setZoom(null),
    }, icon("reset", 13), strings.resetZoom);
    const solo = channels.length === 1 && channels[0]!.name === chart.title;
    this.element = h("section", { class: solo ? "card solo" : "card", "aria-label": chart.title, "data-chart": chart.id },
      h("div", { class: "card-top" }, this.head(), this.legendPlace),
      h("div", { class: "plot" }, this.place, this.overlay, this.hint, this.status));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isLarge) this.leaveLarge();
    });
    new ResizeObserver(() => this.view.resized()).observe(this.place);
    crosshair.follow(this);
    bindGestures(this.overlay, this.plane());
  }

  get ready(): Promise<void> | null {
    return this.mounting;
  }

  /** In sight: mounted at the first time, live again later. */
  appear(): void {
    if (!this.mounting) this.mounting = this.mount();
    else if (this.view.mounted) void this.view.resume();
  }

  disappear(): void {
    this.view.feed.pause();
  }

  take(block: Block): void {
    this.view.take(block);
  }

  update(channels: readonly Channel[]): void {
    this.channels = channels;
    for (const channel of channels) this.legend?.update(channel);
    if (this.crosshair.at === null) this.showValues(null);
  }

  paintTheme(): void {
    this.view.paintTheme();
    this.legend?.paintTheme();
  }

  remove(): void {
    this.crosshair.leave(this);
    this.view.remove();
    this.element.remove();
  }

  showAt(x: number | null): void {
    const figure = this.view.mounted;
    const pixel = x === null || !figure ? NaN : figure.pixelOfX(x);
    const frame = figure?.frame;
    const inside = !!frame && pixel >= frame.left - 0.5 && pixel <= frame.left + frame.width + 0.5;
    this.cross.hidden = !inside;
    if (inside) {
      Object.assign(this.cross.style, {
        transform: `translateX(${Math.round(pixel)}px)`, top: `${frame.top}px`, height: `${frame.height}px`,
      });
    }
    this.showValues(inside ? x : null);
  }

  private async mount(): Promise<void> {
    try {
      const item = await getFigure(this.context.run, this.chart.id);
      await this.view.mount(item, this.place);
      this.legend = new Legend(this.channels, this.view.mounted!.strokes,
        (number, shown) => this.view.toggle(number, shown));
      fill(this.legendPlace, this.legend.element, this.at);
      this.status.hidden = true;
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.view.painted > 0) return; // what is shown stays; the connection says the rest
    this.status.hidden = false;
    fill(this.status, h("p", {}, strings.chartFailed),
      h("p", { class: "faint" }, error instanceof Error ? error.message : String(error)),
      h("button", { type: "button", class: "button small", onclick: () => this.retry() }, strings.retry));
  }

  private retry(): void {
    fill(this.status, h("div", { class: "skeleton-plot" }));
    this.mounting = this.view.mounted ? this.view.reload() : this.mount();
  }

  private head(): HTMLElement {
    const log = h("button", {
      type: "button", class: "chip-button", "aria-pressed": "false", title: strings.logHelp,
    }, strings.log);
    log.addEventListener("click", () => {
      log.setAttribute("aria-pressed", String(!this.view.log));
      this.view.setLog(!this.view.log);
    });
    return h("header", { class: "card-head" },
      h("h2", { title: this.chart.title }, this.chart.title),
      h("div", { class: "card-tools" }, this.resetButton, log,
        menuButton(strings.more, () => this.exports()), this.enlargeButton()));
  }

  private exports(): MenuItem[] {
    const files = this.channels.map(({ id, name }): MenuItem =>
      ({ label: strings.saveCsv(name), href: api(`/channels/${encodeURIComponent(id)}/raw?format=csv`) }));
    return [{ label: strings.savePng, run: () => void this.savePng() }, ...files];
  }

  private async savePng(): Promise<void> {
    const picture = await this.view.mounted?.png();
    if (!picture) return;
    const address = URL.createObjectURL(picture);
    h("a", { href: address, download: `${this.chart.title}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  private enlargeButton(): HTMLElement {
    const button = h("button", { type: "button", class: "icon-button small" });
    const draw = (large: boolean): void => {
      fill(button, icon(large ? "shrink" : "enlarge", 14));
      button.title = large ? strings.shrink : strings.enlarge;
      button.setAttribute("aria-label", button.title);
    };
    const turn = (large: boolean): void => {
      this.element.classList.toggle("large", large);
      document.body.classList.toggle("has-large", large);
      draw(large);
    };
    button.addEventListener("click", () => turn(!this.isLarge));
    this.leaveLarge = () => turn(false);
    draw(false);
    return button;
  }

  private get isLarge(): boolean {
    return this.element.classList.contains("large");
  }

  private plane(): Plane {
    const { view } = this;
    const figure = () => view.mounted!;
    return {
      frame: () => view.mounted?.frame ?? null,
      xAt: (pixel) => figure().xAt(pixel),
      yAt: (pixel) => figure().yAt(pixel),
      x: () => figure().xRange,
      zoom: (x, y) => view.setZoom({ x, y }),
      reset: () => view.setZoom(null),
      point: (pixel) => this.point(pixel),
      next: (direction) => this.step(direction),
      wheelIsFree: () => this.isLarge || !pageScrolls(),
      wheelRefused: () => this.showHint(),
    };
  }

  private point(pixel: number | null): void {
    const figure = this.view.mounted;
    this.pointed = pixel;
    if (pixel === null || !figure) return this.crosshair.point(null);
    const { left, width } = figure.frame;
    const inside = pixel >= left && pixel <= left + width;
    this.crosshair.point(inside ? figure.xAt(pixel) : null);
  }

  private step(direction: 1 | -1): void {
    const range = this.view.mounted!.xRange;
    const from = this.crosshair.at ?? (direction === 1 ? range.start : range.end);
    const next = nextX(this.view.lines.values(), from, direction);
    if (next !== null && next >= range.start && next <= range.end) this.crosshair.point(next);
  }

  /** What moved under a resting pointer is read anew. */
  private painted(): void {
    if (this.pointed !== null) this.point(this.pointed);
    else this.showAt(this.crosshair.at);
  }

  private showZoom(): void {
    this.resetButton.hidden = this.view.zoom === null;
  }

  private showHint(): void {
    this.hint.hidden = false;
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => (this.hint.hidden = true), HINT_MS);
  }

  private showValues(x: number | null): void {
    const { smoothing } = this.context.prefs();
    const dots: HTMLElement[] = [];
    for (const [number, lines] of this.view.lines) {
      const reading = x === null ? null : readAt(lines, x);
      this.legend?.show(number, reading ?? lastOf(lines), smoothing > 0, reading === null);
      const dot = reading && this.dot(number, reading);
      if (dot) dots.push(dot);
    }
    fill(this.dots, ...dots);
    setText(this.at, x === null ? this.view.note() : this.nameOf(x));
  }

  private nameOf(x: number): string {
    return this.context.prefs().axis === "x" ? `${strings.step} ${formatStep(Math.round(x))}` : formatElapsed(x);
  }

  private dot(number: number, reading: Reading): HTMLElement | null {
    const figure = this.view.mounted;
    if (!figure || this.view.hidden.has(number) || !Number.isFinite(reading.y)) return null;
    const stroke = figure.strokes.find((one) => one.number === number);
    const dot = h("span", { class: "dot-at" });
    dot.style.transform = `translate(${figure.pixelOfX(reading.x)}px, ${figure.pixelOfY(reading.y)}px)`;
    dot.style.background = strokeColor(stroke?.color ?? "");
    return dot;
  }

  /** What the reader may look for, in lower case. */
  names(): string {
    return [this.chart.title, ...this.channels.map((channel) => channel.name)].join("\n").toLowerCase();
  }
}

function pageScrolls(): boolean {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight;
}
