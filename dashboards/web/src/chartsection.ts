/** Charts of some types in groups, with a search: the sections Charts, Media and System. */

import { fill, h } from "./dom.ts";
import { formatCount } from "./format.ts";
import type { Frame } from "./frames.ts";
import { Grid, type Folding } from "./grid.ts";
import type { HostFacts } from "./hostfacts.ts";
import type { Channel, Chart } from "./model.ts";
import type { ChartContext } from "./numeric.ts";
import type { Preferences } from "./prefs.ts";
import type { Known, Section, SectionName } from "./section.ts";
import type { News } from "./socket.ts";
import { searchField } from "./toolbar.ts";
import { words } from "./words.ts";

export type ChartSectionName = Extract<SectionName, "charts" | "media" | "system">;

const SYSTEM = "system/";
const MEDIA: ReadonlySet<string> = new Set(["IMAGE", "TEXT", "TABLE", "AUDIO", "VIDEO", "HTML", "FIGURE"]);
/** More in one group are folded away until somebody wants to see them. */
const MANY_HISTOGRAMS = 12;
/** A search field is of use from a handful of charts on. */
const SEARCH_FROM = 5;

export class ChartSection implements Section {
  readonly element = h("div", {});
  readonly tools: readonly HTMLElement[];
  readonly grid: Grid;
  readonly search: HTMLInputElement;
  private readonly field: HTMLElement;
  private readonly empty: HTMLElement;
  private charts: readonly Chart[] = [];
  private known: Known | null = null;

  /** `drawing`: further tools; `above`: what stands before the charts. */
  constructor(
    readonly name: ChartSectionName, context: ChartContext, prefs: Preferences,
    private readonly parts: { drawing?: HTMLElement; above?: HostFacts; nothing: { title: string; text: string } },
  ) {
    this.grid = new Grid(context, foldingOf(name, prefs), titleOf);
    this.field = searchField(words.findCharts, (text) => this.grid.find(text), words.findHelp);
    this.search = this.field.querySelector("input")!;
    this.tools = [this.field, ...(parts.drawing ? [parts.drawing] : [])];
    this.empty = h("div", { class: "message slim" }, h("h2", {}, parts.nothing.title), h("p", {}, parts.nothing.text));
    fill(this.element, parts.above?.element, this.empty, this.grid.element);
  }

  get count(): string {
    return this.charts.length > 0 ? formatCount(this.charts.length) : "";
  }

  update(known: Known): void {
    this.parts.above?.show(known.run);
    if (known.charts === this.known?.charts && known.channels === this.known.channels) return;
    this.known = known;
    const channels = new Map(known.channels.map((channel) => [channel.id, channel]));
    const own = known.charts.filter((chart) => sectionOf(chart, channels) === this.name);
    if (!sameOnes(own, this.charts)) this.charts = own;
    this.grid.update(this.charts, known.channels);
    this.field.hidden = this.charts.length < SEARCH_FROM;
    this.empty.hidden = this.charts.length > 0;
  }

  take(frame: Frame): void {
    this.grid.take(frame);
  }

  turn(): void {
    // What is not in front is out of sight, which the grid sees by itself.
  }

  news(news: News): void {
    this.grid.news(news.channels);
  }

  reload(): void {
    this.grid.reload();
  }
}

const sameOnes = (some: readonly Chart[], others: readonly Chart[]): boolean =>
  some.length === others.length && some.every((one, i) => one === others[i]);

/** Where a chart stands, by its type and by the names of its channels. */
export function sectionOf(chart: Chart, channels: ReadonlyMap<string, Channel>): ChartSectionName {
  const names = chart.channels.map((id) => channels.get(id)?.name ?? chart.title);
  if (names.length > 0 && names.every((name) => name.startsWith(SYSTEM))) return "system";
  return MEDIA.has(chart.type) ? "media" : "charts";
}

/** `system/` would put all of them into one group. */
function titleOf(chart: Chart): string {
  return chart.title.startsWith(SYSTEM) ? chart.title.slice(SYSTEM.length) : chart.title;
}

function foldingOf(section: string, prefs: Preferences): Folding {
  const key = (group: string): string => `${section} ${group}`;
  const opened = (group: string): string => `+${key(group)}`;
  return {
    isFolded: (group, charts) => {
      const known = prefs.now.folded;
      return known.includes(key(group)) || (isLong(charts) && !known.includes(opened(group)));
    },
    fold: (group, folded) => {
      const others = prefs.now.folded.filter((one) => one !== key(group) && one !== opened(group));
      prefs.set("folded", [...others, folded ? key(group) : opened(group)].slice(-500));
    },
  };
}

/** The histograms of every layer would bury all other charts. */
function isLong(charts: readonly Chart[]): boolean {
  return charts.length > MANY_HISTOGRAMS && charts.every((chart) => chart.type === "HISTOGRAM");
}
