/** The charts of a section, in groups. Those in sight are mounted and fed; the others cost nothing. */

import { Card } from "./card.ts";
import { Crosshair } from "./crosshair.ts";
import { h } from "./dom.ts";
import type { Frame } from "./frames.ts";
import { Group } from "./group.ts";
import { grouped } from "./groups.ts";
import type { Channel, Chart } from "./model.ts";
import type { ChartContext } from "./numeric.ts";
import { searchFor } from "./search.ts";
import { Slot } from "./slot.ts";
import { strings } from "./strings.ts";

/** So far outside the window a chart counts as in sight. */
const AHEAD = "200px";

export interface Folding {
  /** Whether a group that comes with these charts is folded at first. */
  isFolded(group: string, charts: readonly Chart[]): boolean;
  fold(group: string, folded: boolean): void;
}

export class Grid {
  readonly element = h("div", { class: "charts" });
  private readonly slots = new Map<string, Slot>();
  private readonly places = new Map<Element, Slot>();
  private readonly groups = new Map<string, Group>();
  private readonly groupBox = h("div", { class: "groups" });
  private readonly crosshair = new Crosshair();
  private readonly nothing = h("p", { class: "nothing", role: "status", hidden: true });
  private readonly sight: IntersectionObserver;
  private readonly seen = new Set<Card>();
  private wanted = "";
  private looked: () => void = () => undefined;
  private readonly firstLook = new Promise<void>((resolve) => (this.looked = resolve));

  /** `titled`: by which title a chart is put into its group, the chart's own unless told. */
  constructor(
    private readonly context: ChartContext, private readonly folding: Folding,
    private readonly titled: (chart: Chart) => string = (chart) => chart.title,
  ) {
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) this.turn(entry);
      this.looked();
    }, { rootMargin: AHEAD });
    this.element.append(this.groupBox, this.nothing);
  }

  /** Those that were in sight at some time. */
  get cards(): Map<string, Card> {
    const made = [...this.slots].flatMap(([key, slot]): [string, Card][] => (slot.card ? [[key, slot.card]] : []));
    return new Map(made);
  }

  /** Show these charts; those which are there already, with the same channels, stay as they are. */
  update(charts: readonly Chart[], channels: readonly Channel[]): void {
    const known = new Map(channels.map((channel) => [channel.id, channel]));
    const kept = new Set(charts.map(keyOf));
    for (const [key, slot] of this.slots) if (!kept.has(key)) this.remove(key, slot);
    for (const chart of charts) {
      const own = chart.channels.map((id) => known.get(id)).filter((one): one is Channel => one !== undefined);
      const slot = this.slots.get(keyOf(chart));
      if (slot) slot.update(own);
      else this.add(chart, own);
    }
    this.group(charts);
    this.find(this.wanted);
  }

  /** Only charts that the search text fits, see search.ts. */
  find(text: string): void {
    this.wanted = text;
    const search = searchFor(text);
    for (const slot of this.slots.values()) slot.element.hidden = !search.matches(slot.names);
    const shown = this.arrange();
    this.nothing.hidden = search.error === null && (shown > 0 || text.trim() === "");
    this.nothing.textContent = search.error ?? strings.noChartsFound(text.trim());
  }

  take(frame: Frame): void {
    for (const block of frame.blocks) this.each((card) => card.take(block));
  }

  /** These channels, by number, have new entries. */
  news(channels: readonly number[]): void {
    const numbers = new Set(channels);
    this.each((card) => card.news(numbers));
  }

  /** After a reconnect: the views anew, from the server. */
  reload(): void {
    for (const card of this.seen) card.reload();
  }

  /** Connected at last: frames for the charts in sight. */
  resume(): void {
    for (const card of this.seen) card.appear();
  }

  /** Steps or time: a place on the one axis is none on the other. */
  setAxis(): void {
    this.crosshair.clear();
    this.each((card) => card.content.setAxis());
  }

  each(act: (card: Card) => void): void {
    for (const slot of this.slots.values()) if (slot.card) act(slot.card);
  }

  /** Resolves when the charts in sight are mounted and have their numbers. */
  async ready(): Promise<void> {
    if (this.slots.size > 0) await this.firstLook;
    await Promise.all([...this.cards.values()].map((card) => card.ready));
  }

  /** Few charts are drawn large; how many there are to be seen. */
  private arrange(): number {
    const shown = [...this.slots.values()].filter((slot) => !slot.element.hidden).length;
    for (const group of this.groups.values()) group.arrange(shown);
    return shown;
  }

  private group(charts: readonly Chart[]): void {
    const groups = grouped(charts, this.titled);
    const names = new Set(groups.map((one) => one.name));
    for (const { name, items } of groups) {
      const group = this.groups.get(name) ?? this.newGroup(name, items);
      group.put(items.map((chart) => this.slots.get(keyOf(chart))!));
    }
    for (const [name, group] of this.groups) {
      if (names.has(name)) continue;
      group.element.remove();
      this.groups.delete(name);
    }
  }

  private newGroup(name: string, charts: readonly Chart[]): Group {
    const group = new Group(name, this.folding.isFolded(name, charts), (folded) => this.folding.fold(name, folded));
    this.groups.set(name, group);
    if (name === "") this.groupBox.prepend(group.element);
    else this.groupBox.append(group.element);
    return group;
  }

  private add(chart: Chart, channels: readonly Channel[]): void {
    const slot = new Slot(chart, channels, (...given) => new Card(...given, this.context, this.crosshair));
    this.slots.set(keyOf(chart), slot);
    this.places.set(slot.element, slot);
    this.sight.observe(slot.element);
  }

  private remove(key: string, slot: Slot): void {
    this.sight.unobserve(slot.element);
    if (slot.card) this.seen.delete(slot.card);
    this.places.delete(slot.element);
    this.slots.delete(key);
    slot.remove();
  }

  private turn(entry: IntersectionObserverEntry): void {
    const slot = this.places.get(entry.target);
    if (!slot) return;
    if (entry.isIntersecting) {
      slot.appear();
      this.seen.add(slot.card!);
    } else if (slot.card && this.seen.delete(slot.card)) slot.card.disappear();
  }
}

/** A chart with other channels is another figure. */
function keyOf(chart: Chart): string {
  return [chart.id, ...chart.channels].join(" ");
}
