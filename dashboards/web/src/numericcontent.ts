/** A NUMERIC chart in a card: the plot, the reader's hands on it, the legend with values. */

import { getFigure } from "./api.ts";
import { bokehReady } from "./bokeh.ts";
import type { Content, ContentParts } from "./content.ts";
import { fill, h } from "./dom.ts";
import { exportsOf } from "./exports.ts";
import { Figure, type Lines } from "./figure.ts";
import { formatElapsed, formatStep } from "./format.ts";
import type { Block } from "./frames.ts";
import type { ChartState } from "./handle.ts";
import { icon } from "./icons.ts";
import { Legend } from "./legend.ts";
import type { MenuItem } from "./menu.ts";
import type { Channel } from "./model.ts";
import { NumericChart } from "./numeric.ts";
import { numericColumns, numericState } from "./numericstate.ts";
import { PlotArea } from "./plotarea.ts";
import { newestOf } from "./ranklines.ts";
import { RankPanel } from "./rankpanel.ts";
import { lastOf, readAt, type Reading } from "./readout.ts";
import { strings } from "./strings.ts";

export class NumericContent implements Content {
  readonly view: NumericChart;
  readonly legend = h("div", { class: "legend-box" });
  readonly body: HTMLElement;
  readonly tools: readonly HTMLElement[];
  private names: Legend | null = null;
  private readonly panels = new Map<number, RankPanel>();
  private channels: readonly Channel[];
  private pointed: number | null = null;
  private readonly area: PlotArea;
  private readonly place = h("div", { class: "figure" });
  private readonly resetButton: HTMLButtonElement;

  constructor(private readonly parts: ContentParts) {
    const { chart, channels, context, crosshair, events } = parts;
    this.channels = channels;
    this.view = new NumericChart(chart, channels, context, {
      painted: () => this.shown(),
      zoomed: () => (this.resetButton.hidden = this.view.zoom === null),
      failed: (error) => events.failed(error),
    });
    this.area = new PlotArea(this.view, crosshair, {
      pointed: (x) => this.showValues(x),
      wheelIsFree: () => events.wheelIsFree(),
    });
    this.resetButton = h("button", {
      type: "button", class: "button small reset", hidden: true, onclick: () => this.view.setZoom(null),
    }, icon("reset", 13), strings.resetZoom);
    this.tools = [this.resetButton, this.logButton()];
    this.body = h("div", { class: "plot-body" }, this.place, this.area.element);
    new ResizeObserver(() => this.view.resized()).observe(this.place);
  }

  get painted(): number {
    return this.view.painted;
  }

  async mount(): Promise<void> {
    if (this.view.mounted) return this.view.reload();
    const { chart, context } = this.parts;
    this.view.expect(this.place.clientWidth);
    const loaded = this.view.reload(); // the numbers need not wait for the figure
    const [item] = await Promise.all([getFigure(context.run, chart.id), bokehReady()]);
    const figure = await Figure.make(item, this.place);
    this.names = new Legend(this.channels, figure.strokes, (number, shown) => this.view.toggle(number, shown));
    fill(this.legend, this.names.element);
    await loaded;
    await this.view.mount(figure);
  }

  resume(): void {
    void this.view.resume();
  }

  pause(): void {
    this.view.feed.pause();
  }

  reload(): void {
    void this.view.reload();
  }

  take(block: Block): void {
    this.view.take(block);
  }

  /** Points come by frames. */
  news(): void {}

  update(channels: readonly Channel[]): void {
    this.channels = channels;
    this.view.learn(channels);
    for (const channel of channels) this.names?.update(channel);
    if (this.pointed === null) this.showValues(null);
  }

  ask(): void {
    this.view.ask();
  }

  setAxis(): void {
    this.view.setAxis();
  }

  paintTheme(): void {
    this.view.paintTheme();
    this.names?.paintTheme();
  }

  exports(): readonly MenuItem[] {
    return exportsOf(this.view);
  }

  state(): ChartState {
    return numericState(this.view);
  }

  columns(source: string): Record<string, ArrayLike<unknown>> | null {
    return numericColumns(this.view, source);
  }

  remove(): void {
    this.area.remove();
    this.view.remove();
  }

  private logButton(): HTMLElement {
    const log = h("button", {
      type: "button", class: "chip-button", "aria-pressed": "false", title: strings.logHelp,
    }, strings.log);
    log.addEventListener("click", () => {
      log.setAttribute("aria-pressed", String(!this.view.log));
      this.view.setLog(!this.view.log);
    });
    return log;
  }

  private shown(): void {
    this.parts.events.painted();
    this.area.painted();
  }

  private showValues(x: number | null): void {
    this.pointed = x;
    const { smoothing } = this.parts.context.prefs();
    for (const [number, lines] of this.view.lines) {
      const reading = x === null ? null : readAt(lines, x);
      if (reading) this.names?.showAt(number, reading, smoothing > 0);
      else this.names?.showNewest(number, this.view.newest(number), lastOf(lines), smoothing > 0);
      this.showRange(number, reading, lines);
      this.showRanks(number, x);
    }
    this.parts.events.told(x === null ? this.view.note() : this.nameOf(x));
  }

  /** Between which values the ranks lie, beside their mean. */
  private showRange(number: number, reading: Reading | null, { band }: Lines): void {
    const told = this.view.feed.bands.get(number);
    if (!band || !told) return;
    const at = reading ? band.x.indexOf(reading.x) : -1;
    const range = at < 0 ? newestOf(told) : { lo: band.lo[at]!, hi: band.hi[at]! };
    if (range) this.names?.showBand(number, range.lo, range.hi);
  }

  /** Channels that have many ranks have a panel of them. */
  private showRanks(number: number, x: number | null): void {
    const band = this.view.feed.bands.get(number);
    if (!band) return;
    const lines = this.view.lines.get(number)?.ranks ?? [];
    const read = (line: Lines["ranks"][number]): Reading | null =>
      x === null ? lastOf({ raw: line.raw, smooth: line.raw }) : readAt({ raw: line.raw, smooth: line.raw }, x);
    const values = new Map(lines.map((line) => [line.rank, read(line)?.raw ?? null]));
    this.panelOf(number).update(band.ranks, (rank) => values.get(rank) ?? null);
  }

  private panelOf(number: number): RankPanel {
    const known = this.panels.get(number);
    if (known) return known;
    const channel = this.channels.find((one) => one.number === number)!;
    const panel = new RankPanel(channel.name, this.view.choices.get(number)!,
      () => this.view.chose(), () => this.showRanks(number, this.pointed));
    this.names?.attach(number, panel.element);
    this.panels.set(number, panel);
    return panel;
  }

  private nameOf(x: number): string {
    return this.parts.context.prefs().axis === "x" ? `${strings.step} ${formatStep(Math.round(x))}` : formatElapsed(x);
  }
}
