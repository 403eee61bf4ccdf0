/** A chart of entries in a card: feed, step slider and stage brought together. */

import { isAbort } from "../api.ts";
import type { Content, ContentParts } from "../content.ts";
import { fill, h } from "../dom.ts";
import type { ChartState } from "../handle.ts";
import type { MenuItem } from "../menu.ts";
import type { Channel } from "../model.ts";
import { comparedSources } from "./compare.ts";
import { EntryFeed, type EntrySource } from "./feed.ts";
import { ALL, chosenPanes, panesOf, type Pane, type Shown } from "./panes.ts";
import { Nothing } from "./nothing.ts";
import type { Stage, StageEvents } from "./stage.ts";
import { entryState } from "./state.ts";
import { StepBar } from "./stepbar.ts";
import { placeAt, stopsOf, type Stop } from "./timeline.ts";
import { words } from "./words.ts";

export type MakeStage = (parts: ContentParts, events: StageEvents) => Stage;

export class EntryContent implements Content {
  readonly legend: HTMLElement | null;
  readonly body: HTMLElement;
  readonly tools: readonly HTMLElement[];
  painted = 0;
  private readonly feed: EntryFeed;
  private readonly stage: Stage;
  private readonly bar: StepBar;
  private readonly chooser = h("select", { class: "pane-choice", "aria-label": words.shownPanes, hidden: true });
  private readonly nothing: Nothing;
  private sources: readonly EntrySource[];
  private panes: readonly Pane[] = [];
  private stops: readonly Stop[] = [];
  private chosen: Stop | null = null;
  private paneKey: string | null = null;
  private earlier = false;
  private shown: readonly Shown[] = [];
  private showing: AbortController | null = null;
  private mounted = false;

  constructor(private readonly parts: ContentParts, make: MakeStage) {
    const { chart, channels, events } = parts;
    this.sources = channels.map(({ id, number, name }) => ({ channel: id, number, name, run: null }));
    this.nothing = new Nothing(parts);
    this.feed = new EntryFeed(this.sources, {
      changed: () => this.stepsCame(), failed: (error) => events.failed(error),
    });
    this.stage = make(parts, { told: (text) => events.told(text) });
    this.bar = new StepBar(chart.title, {
      chosen: (stop) => this.choose(stop),
      earlier: (wanted) => {
        this.earlier = wanted;
        this.stepsCame();
      },
    });
    this.chooser.addEventListener("change", () => {
      this.paneKey = this.chooser.value;
      this.stepsCame();
    });
    this.legend = this.stage.legend;
    this.tools = [this.chooser, ...this.stage.tools];
    this.body = h("div", { class: "entry-body" }, this.stage.element, this.nothing.element, this.bar.element);
  }

  async mount(): Promise<void> {
    await this.stage.mount();
    this.stage.paintTheme();
    this.mounted = true;
    if (this.stage.many) await this.findCompared();
    await this.feed.load();
  }

  resume(): void {
    this.feed.resume();
  }

  pause(): void {
    this.feed.pause();
    this.bar.stop();
  }

  reload(): void {
    this.feed.load().catch((error: unknown) => this.parts.events.failed(error));
  }

  /** Entries come by REST. */
  take(): void {}

  news(numbers: ReadonlySet<number>): void {
    this.feed.news(numbers);
  }

  /** The run may have been told meanwhile what was refused. */
  update(_: readonly Channel[]): void {
    if (!this.nothing.element.hidden) this.nothing.show(true);
  }

  ask(): void {}

  setAxis(): void {}

  paintTheme(): void {
    if (this.mounted) this.stage.paintTheme();
  }

  exports(): readonly MenuItem[] {
    return this.stage.exports();
  }

  state(): ChartState {
    return entryState({
      mounted: this.mounted, feed: this.feed, stops: this.stops.length, at: this.stop, following: this.chosen === null,
      shown: this.shown,
    });
  }

  columns(source: string): Record<string, ArrayLike<unknown>> | null {
    return this.stage.columns(source);
  }

  remove(): void {
    this.showing?.abort();
    this.feed.stop();
    this.bar.stop();
    this.stage.remove();
  }

  private get stop(): Stop | null {
    return this.stops[this.place] ?? null;
  }

  /** Of the chosen stop; when it is gone, of the last one before it. */
  private get place(): number {
    const { chosen, stops } = this;
    if (!chosen) return stops.length - 1;
    const same = stops.findIndex((one) =>
      one.x === chosen.x && one.session === chosen.session && one.nth === chosen.nth);
    return same >= 0 ? same : Math.max(0, stops.filter((one) => one.x <= chosen.x).length - 1);
  }

  private async findCompared(): Promise<void> {
    const { chart, channels } = this.parts;
    const others = await comparedSources(channels, chart.type);
    this.sources = [...this.sources.filter((one) => one.run === null), ...others];
    this.feed.setSources(this.sources);
  }

  private stepsCame(): void {
    const all = panesOf(this.sources, this.feed.steps);
    this.offer(all);
    this.panes = chosenPanes(all, this.paneKey, this.stage.many);
    const places = this.panes.map((pane) => pane.places);
    this.stops = stopsOf(places, this.earlier);
    this.nothing.show(this.stops.length === 0);
    this.stage.element.hidden = this.stops.length === 0;
    this.draw();
  }

  private offer(panes: readonly Pane[]): void {
    this.chooser.hidden = panes.length < 2;
    const options = panes.map((pane) => h("option", { value: pane.key }, pane.label));
    if (this.stage.many) options.unshift(h("option", { value: ALL }, words.all(panes.length)));
    if (this.chooser.options.length === options.length) return;
    fill(this.chooser, ...options);
    const shown = chosenPanes(panes, this.paneKey, this.stage.many);
    this.chooser.value = shown.length === 1 && panes.length > 1 ? shown[0]!.key : ALL;
  }

  private choose(stop: Stop | null): void {
    this.chosen = stop;
    this.draw();
  }

  private draw(): void {
    const older = this.panes.some((pane) => pane.places.some((place) => place.superseded));
    this.bar.update(this.stops, this.place, this.chosen === null, older);
    const { stop } = this;
    if (!stop) return this.shownNow();
    const shown = this.show(stop).catch((error: unknown) => {
      if (!isAbort(error)) this.fallBehind(error);
    });
    this.bar.waitFor(shown);
  }

  /** What is shown is of another step than the slider stands at. */
  private fallBehind(error: unknown): void {
    this.stage.element.classList.add("behind");
    this.parts.events.told(words.stepFailed);
    this.parts.events.failed(error);
  }

  private async show(stop: Stop): Promise<void> {
    this.showing?.abort();
    const { signal } = (this.showing = new AbortController());
    const places = this.panes.map((pane) => ({ pane, channel: pane.channel, place: placeAt(pane.places, stop) }));
    const wanted = places.flatMap(({ channel, place }) => (place ? [{ channel, place }] : []));
    const bodies = await this.feed.bodies(wanted, signal);
    const shown = places.map(({ pane, place }) => ({ pane, place, body: place ? bodies.shift()! : null }));
    await this.stage.show(shown, signal);
    if (signal.aborted) return;
    if (this.stage.element.classList.contains("behind")) this.parts.events.told("");
    this.stage.element.classList.remove("behind");
    this.shown = shown;
    const walls = new Set(shown.map(({ place }) => place?.wall));
    this.bar.showWall(walls.size === 1 ? ([...walls][0] ?? null) : null);
    this.shownNow();
    this.prefetch(signal);
  }

  private shownNow(): void {
    this.painted++;
    this.parts.events.painted();
  }

  private prefetch(signal: AbortSignal): void {
    const near = [this.stops[this.place - 1], this.stops[this.place + 1]].filter((stop) => stop !== undefined);
    this.feed.prefetch(near.flatMap((stop) => this.panes.flatMap(({ channel, places }) => {
      const place = placeAt(places, stop);
      return place ? [{ channel, place }] : [];
    })), signal);
  }
}
