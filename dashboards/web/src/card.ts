/** A chart in its frame: title, legend with values, tools; mounted when it comes into sight. */

import { ApiError, getFigure, Unreachable } from "./api.ts";
import type { Crosshair } from "./crosshair.ts";
import { fill, h, setText } from "./dom.ts";
import { Enlarge } from "./enlarge.ts";
import { exportsOf } from "./exports.ts";
import { formatElapsed, formatStep } from "./format.ts";
import type { Block } from "./frames.ts";
import { icon } from "./icons.ts";
import { Legend } from "./legend.ts";
import { menuButton } from "./menu.ts";
import type { Channel, Chart } from "./model.ts";
import { NumericChart, type ChartContext } from "./numeric.ts";
import { PlotArea } from "./plotarea.ts";
import { lastOf, readAt } from "./readout.ts";
import { strings } from "./strings.ts";

export class Card {
  readonly element: HTMLElement;
  readonly view: NumericChart;
  private legend: Legend | null = null;
  private mounting: Promise<void> | null = null;
  private failed = false;
  private pointed: number | null = null;
  private readonly area: PlotArea;
  private readonly enlarge = new Enlarge(() => this.element);
  private readonly place = h("div", { class: "figure" });
  private readonly legendPlace = h("div", { class: "legend-box" });
  private readonly at = h("output", { class: "at" });
  private readonly status = h("div", { class: "card-status" }, h("div", { class: "skeleton-plot" }));
  private readonly resetButton: HTMLButtonElement;

  constructor(
    readonly chart: Chart, private channels: readonly Channel[],
    private readonly context: ChartContext, crosshair: Crosshair,
  ) {
    this.view = new NumericChart(chart, channels, context, {
      painted: () => this.painted(),
      zoomed: () => (this.resetButton.hidden = this.view.zoom === null),
      failed: (error) => this.fail(error),
    });
    this.area = new PlotArea(this.view, crosshair, {
      pointed: (x) => this.showValues(x),
      wheelIsFree: () => this.enlarge.isLarge || !pageScrolls(),
    });
    this.resetButton = h("button", {
      type: "button", class: "button small reset", hidden: true, onclick: () => this.view.setZoom(null),
    }, icon("reset", 13), strings.resetZoom);
    this.element = this.layout();
    new ResizeObserver(() => this.view.resized()).observe(this.place);
  }

  get ready(): Promise<void> | null {
    return this.mounting;
  }

  /** In sight: mounted at the first time, live again later. */
  appear(): void {
    if (!this.mounting) this.mounting = this.mount();
    else if (this.failed) this.retry();
    else void this.view.resume();
  }

  /** The connection is back: the view anew, or at last. */
  reload(): void {
    if (this.failed) this.retry();
    else void this.view.reload();
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
    if (this.pointed === null) this.showValues(null);
  }

  paintTheme(): void {
    this.view.paintTheme();
    this.legend?.paintTheme();
  }

  remove(): void {
    if (this.enlarge.isLarge) this.enlarge.turn(false);
    this.area.remove();
    this.view.remove();
    this.element.remove();
  }

  /** What the reader may look for, in lower case. */
  names(): string {
    return [this.chart.title, ...this.channels.map((channel) => channel.name)].join("\n").toLowerCase();
  }

  private layout(): HTMLElement {
    const solo = this.channels.length === 1 && this.channels[0]!.name === this.chart.title;
    return h("section", {
      class: solo ? "card solo" : "card", "aria-label": this.chart.title, "data-chart": this.chart.id,
    },
      h("div", { class: "card-top" }, this.head(), this.legendPlace),
      h("div", { class: "plot" }, this.place, this.area.element, this.status));
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
      h("h2", { title: this.chart.title }, this.chart.title), this.at,
      h("div", { class: "card-tools" }, this.resetButton, log,
        menuButton(strings.more, () => exportsOf(this.view)), this.enlarge.button));
  }

  private async mount(): Promise<void> {
    try {
      const figure = await this.view.mount(await getFigure(this.context.run, this.chart.id), this.place);
      this.legend = new Legend(this.channels, figure.strokes, (number, shown) => this.view.toggle(number, shown));
      fill(this.legendPlace, this.legend.element);
      await this.view.reload();
    } catch (error) {
      this.fail(error);
    }
  }

  private painted(): void {
    this.status.hidden = true;
    this.area.painted();
  }

  private fail(error: unknown): void {
    if (this.view.painted > 0) return; // what is shown stays; the connection says the rest
    this.failed = true;
    fill(this.status, h("p", {}, strings.chartFailed), h("p", { class: "faint" }, explain(error)),
      h("button", { type: "button", class: "button small", onclick: () => this.retry() }, strings.retry));
  }

  private retry(): void {
    fill(this.status, h("div", { class: "skeleton-plot" }));
    this.failed = false;
    this.mounting = this.view.mounted ? this.view.reload() : this.mount();
  }

  private showValues(x: number | null): void {
    this.pointed = x;
    const { smoothing } = this.context.prefs();
    for (const [number, lines] of this.view.lines) {
      const reading = x === null ? null : readAt(lines, x);
      if (reading) this.legend?.showAt(number, reading, smoothing > 0);
      else this.legend?.showNewest(number, this.view.newest(number), lastOf(lines), smoothing > 0);
    }
    setText(this.at, x === null ? this.view.note() : this.nameOf(x));
  }

  private nameOf(x: number): string {
    return this.context.prefs().axis === "x" ? `${strings.step} ${formatStep(Math.round(x))}` : formatElapsed(x);
  }
}

function explain(error: unknown): string {
  if (error instanceof Unreachable) return strings.chartOffline;
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return strings.chartFault;
}

function pageScrolls(): boolean {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight;
}
