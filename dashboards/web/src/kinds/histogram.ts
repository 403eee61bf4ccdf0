/** A HISTOGRAM chart in a card: all its steps at once. */

import { getFigure, isAbort } from "../api.ts";
import type { Content, ContentParts } from "../content.ts";
import { fill, h } from "../dom.ts";
import type { HistogramBody } from "../entries/bodies.ts";
import { EntryFeed } from "../entries/feed.ts";
import { Nothing } from "../entries/nothing.ts";
import { panesOf, type Pane } from "../entries/panes.ts";
import { spread } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import { formatCount, formatStep, formatValue } from "../format.ts";
import { bindGestures, type Plane } from "../gestures.ts";
import type { ChartState } from "../handle.ts";
import { icon } from "../icons.ts";
import type { MenuItem } from "../menu.ts";
import { strings } from "../strings.ts";
import { segmented } from "../toolbar.ts";
import { binAt, histogramOf, sliceAt, type Slice } from "./heat.ts";
import { HistogramChart, type Form } from "./histogramchart.ts";
import { PlotFigure } from "./plotfigure.ts";
import { pngItem } from "./savepng.ts";

/** So many steps are drawn; of more, every 2^k-th. */
const MOST_SLICES = 256;

export class HistogramContent implements Content {
  readonly legend = null;
  readonly body: HTMLElement;
  readonly tools: readonly HTMLElement[];
  private readonly place = h("div", { class: "figure" });
  private readonly overlay: HTMLElement;
  private readonly cross = h("div", { class: "cross", hidden: true });
  private readonly nothing: Nothing;
  private readonly chooser = h("select", { class: "pane-choice", "aria-label": words.shownPanes, hidden: true });
  private readonly resetButton: HTMLButtonElement;
  private readonly logButton: HTMLButtonElement;
  private readonly feed: EntryFeed;
  private view: HistogramChart | null = null;
  private panes: readonly Pane[] = [];
  private paneKey = "";
  private fetching: AbortController | null = null;
  private pointed: [number, number] | null = null;
  private step: number | null = null;

  constructor(private readonly parts: ContentParts) {
    const { chart, channels, events } = parts;
    this.nothing = new Nothing(parts);
    const sources = channels.map(({ id, number, name }) => ({ channel: id, number, name, run: null }));
    this.feed = new EntryFeed(sources, {
      changed: () => void this.stepsCame(), failed: (error) => events.failed(error),
    }, 2 * MOST_SLICES);
    this.resetButton = h("button", {
      type: "button", class: "button small reset", hidden: true, onclick: () => this.setZoom(null),
    }, icon("reset", 13), strings.resetZoom);
    this.logButton = h("button", {
      type: "button", class: "chip-button", "aria-pressed": "false", title: words.logCounts, onclick: () => this.turnLog(),
    }, strings.log);
    const form = segmented<Form>(words.form, "heat", [["heat", words.heat], ["ridges", words.ridges]], (one) => this.setForm(one));
    form.classList.add("small");
    this.tools = [this.resetButton, this.chooser, this.logButton, form];
    this.overlay = h("div", { class: "overlay", tabindex: 0, role: "group", "aria-label": words.heatHelp(chart.title) }, this.cross);
    this.body = h("div", { class: "plot-body" }, this.place, this.overlay, this.nothing.element);
    this.bind();
  }

  get painted(): number {
    return this.view?.painted ?? 0;
  }

  async mount(): Promise<void> {
    if (!this.view) {
      const { chart, context } = this.parts;
      const figure = await PlotFigure.mount(await getFigure(context.run, chart.id), this.place);
      this.view = new HistogramChart(figure, chart.x || words.step, () => this.shown());
      this.view.paintTheme();
    }
    await this.feed.load();
  }

  resume(): void {
    this.feed.resume();
  }

  pause(): void {
    this.feed.pause();
  }

  reload(): void {
    this.feed.load().catch((error: unknown) => this.parts.events.failed(error));
  }

  take(): void {}

  news(numbers: ReadonlySet<number>): void {
    this.feed.news(numbers);
  }

  update(): void {
    if (!this.nothing.element.hidden) this.nothing.show(true);
  }

  ask(): void {
    if (this.view) this.parts.context.painter.ask(this.view);
  }

  setAxis(): void {}

  paintTheme(): void {
    this.view?.paintTheme();
    this.ask();
  }

  exports(): readonly MenuItem[] {
    return [pngItem(this.parts.chart.title, () => this.view?.figure ?? null)];
  }

  state(): ChartState {
    const view = this.view;
    const range = view && { x: [view.x.start, view.x.end] as [number, number], y: [view.y.start, view.y.end] as [number, number] };
    return {
      mounted: view !== null, loading: this.feed.isLoading, loads: this.feed.loads, zoomed: view?.zoom != null,
      log: view?.log ?? false, cursors: {}, range, sources: {},
      entries: { places: view?.slices.length ?? 0, at: null, following: true, shown: [] },
    };
  }

  columns(source: string): Record<string, ArrayLike<unknown>> | null {
    return this.view?.figure.columns(source) ?? null;
  }

  remove(): void {
    this.fetching?.abort();
    this.feed.stop();
    if (this.view) this.parts.context.painter.forget(this.view);
    this.view?.figure.remove();
  }

  private bind(): void {
    new ResizeObserver(() => this.ask()).observe(this.place);
    bindGestures(this.overlay, this.plane());
    this.overlay.addEventListener("pointermove", (event) => {
      const box = this.overlay.getBoundingClientRect();
      this.pointed = [event.clientX - box.left, event.clientY - box.top];
      this.step = null;
      this.read();
    });
    this.chooser.addEventListener("change", () => {
      this.paneKey = this.chooser.value;
      void this.stepsCame();
    });
  }

  private plane(): Plane {
    const figure = (): PlotFigure => this.view!.figure;
    return {
      frame: () => this.view?.figure.frame ?? null,
      xAt: (pixel) => figure().xAt(pixel),
      yAt: (pixel) => figure().yAt(pixel),
      x: () => this.view!.x,
      zoom: (x, y) => this.setZoom({ x, y: y ?? this.view?.zoom?.y ?? null }),
      reset: () => this.setZoom(null),
      point: (pixel) => {
        if (pixel === null) this.leave();
      },
      next: (direction) => this.walk(direction),
      wheelIsFree: () => this.view?.form === "heat" && this.parts.events.wheelIsFree(),
      wheelRefused: () => undefined,
    };
  }

  private async stepsCame(): Promise<void> {
    this.panes = panesOf(this.parts.channels.map((one) => ({ channel: one.id, number: one.number, name: one.name, run: null })), this.feed.steps);
    this.offer();
    const pane = this.panes.find((one) => one.key === this.paneKey) ?? this.panes[0];
    this.nothing.show(pane === undefined);
    if (!pane || !this.view) return this.parts.events.painted();
    this.fetching?.abort();
    const { signal } = (this.fetching = new AbortController());
    try {
      const slices = await this.slicesOf(pane, signal);
      if (signal.aborted) return;
      this.view.slices = slices;
      this.ask();
    } catch (error) {
      if (!isAbort(error)) this.parts.events.failed(error);
    }
  }

  /** One that is not what a histogram has to be is left out: the others are still worth seeing. */
  private async slicesOf(pane: Pane, signal: AbortSignal): Promise<Slice[]> {
    const places = spread(pane.places, MOST_SLICES);
    const bodies = await this.feed.bodies(places.map((place) => ({ channel: pane.channel, place })), signal);
    return places.flatMap((place, i) => {
      try {
        return [{ x: place.x, histogram: histogramOf(bodies[i] as unknown as HistogramBody) }];
      } catch {
        return [];
      }
    });
  }

  private offer(): void {
    this.chooser.hidden = this.panes.length < 2;
    if (this.chooser.options.length === this.panes.length) return;
    fill(this.chooser, ...this.panes.map((pane) => h("option", { value: pane.key }, pane.label)));
    if (this.paneKey) this.chooser.value = this.paneKey;
  }

  private setZoom(zoom: HistogramChart["zoom"]): void {
    this.view?.setZoom(zoom);
    this.resetButton.hidden = !this.view?.zoom;
    this.ask();
  }

  private setForm(form: Form): void {
    if (!this.view) return;
    this.setZoom(null);
    this.view.form = form;
    this.logButton.hidden = form !== "heat";
    this.leave();
    this.ask();
  }

  private turnLog(): void {
    if (!this.view) return;
    this.view.log = !this.view.log;
    this.logButton.setAttribute("aria-pressed", String(this.view.log));
    this.ask();
  }

  private shown(): void {
    this.parts.events.painted();
    this.read();
  }

  private leave(): void {
    this.pointed = null;
    this.step = null;
    this.read();
  }

  private walk(direction: 1 | -1): void {
    const xs = (this.view?.slices ?? []).map((one) => one.x);
    const from = this.step ?? (direction === 1 ? -Infinity : Infinity);
    const next = direction === 1 ? xs.find((x) => x > from) : [...xs].reverse().find((x) => x < from);
    if (next === undefined) return;
    this.pointed = null;
    this.step = next;
    this.read();
  }

  /** What lies under the pointer, or the fullest bin of the step walked to, in words. */
  private read(): void {
    const { view } = this;
    const [slice, value] = view ? this.under(view) : [null, null];
    this.showCross(slice);
    if (!slice) return this.parts.events.told("");
    const { histogram } = slice;
    const most = histogram.counts.indexOf(Math.max(...histogram.counts));
    const bin = binAt(histogram, value ?? (histogram.edges[most]! + histogram.edges[most + 1]!) / 2);
    const odd = histogram.nan + histogram.inf > 0 && words.leftOut(formatCount(histogram.nan), formatCount(histogram.inf));
    this.parts.events.told([words.stepOf(formatStep(slice.x)), bin && words.histogramRead(
      formatValue(bin.lo, 3), formatValue(bin.hi, 3), formatCount(bin.count), `${formatValue(100 * bin.share, 3)} %`), odd,
    ].filter(Boolean).join(" · "));
  }

  private under(view: HistogramChart): [Slice | null, number | null] {
    if (this.step !== null) return [view.slices.find((one) => one.x === this.step) ?? null, null];
    if (!this.pointed) return [null, null];
    const [x, y] = [view.figure.xAt(this.pointed[0]), view.figure.yAt(this.pointed[1])];
    if (view.form === "heat") return [sliceAt(view.slices, x), y];
    const ridge = view.ridges.find((one) => y >= one.ground - 0.5);
    return [[...view.ridges].reverse().find((one) => one.ground >= y - 0.5)?.slice ?? ridge?.slice ?? null, x];
  }

  private showCross(slice: Slice | null): void {
    const { view } = this;
    this.cross.hidden = !view || !slice || view.form !== "heat";
    if (!view || !slice) return;
    const { top, height } = view.figure.frame;
    Object.assign(this.cross.style, {
      transform: `translateX(${Math.round(view.figure.pixelOfX(slice.x))}px)`, top: `${top}px`, height: `${height}px`,
    });
  }
}
