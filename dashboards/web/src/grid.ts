/** The charts of a section, in groups. Those in sight are mounted and fed; the others cost nothing. */

import { Card } from "./card.ts";
import { Crosshair } from "./crosshair.ts";
import { h } from "./dom.ts";
import type { Frame } from "./frames.ts";
import { Group } from "./group.ts";
import { grouped } from "./groups.ts";
import type { Channel, Chart } from "./model.ts";
import { Nearness } from "./nearness.ts";
import type { ChartContext } from "./numeric.ts";
import { searchFor } from "./search.ts";
import type { Shelf } from "./shelf.ts";
import { Slot, type SlotParts } from "./slot.ts";
import { strings } from "./strings.ts";

/** So far outside the window a chart counts as in sight. */
const AHEAD = "200px";
/** So far outside a group is built. */
const NEAR = "1200px";
/** Built at once: what a window shows at first, without waiting for it to be near. */
const AT_ONCE = 24;
/** More are given up, those first that were out of sight for longest. */
const MOST_CARDS = 120;
/** So long after the page was scrolled it rests. */
const PASSING_MS = 120;
const GROUPS_A_BLOCK = 30;
/** Before the page is laid out. */
const PAGE_PX = 1200;

export interface Folding {
  /** Whether a group that comes with these charts is folded at first. */
  isFolded(group: string, charts: readonly Chart[]): boolean;
  fold(group: string, folded: boolean): void;
}

export class Grid {
  readonly element = h("div", { class: "charts" });
  private readonly slots = new Map<string, Slot>();
  private readonly places = new Map<Element, Slot>();
  /** Those with a card, the one that came into sight last at the end. */
  private readonly made = new Map<Slot, string>();
  private readonly groups = new Map<string, Group>();
  private readonly groupBox = h("div", { class: "groups" });
  private readonly crosshair = new Crosshair();
  private readonly nothing = h("p", { class: "nothing", role: "status", hidden: true });
  private readonly sight: IntersectionObserver;
  private readonly near = new Nearness(NEAR);
  private readonly lookedInto = new Set<Element>();
  /** In sight for a moment. */
  private readonly coming = new Map<Slot, ReturnType<typeof setTimeout>>();
  private scrolledAt = -Infinity;
  /** Charts that a search leaves out: away, but as they are. */
  private readonly drawer = h("div", { hidden: true });
  private readonly seen = new Set<Card>();
  private wanted = "";
  private known: { charts: readonly Chart[]; channels: readonly Channel[] } | null = null;
  private looked: () => void = () => undefined;
  private readonly firstLook = new Promise<void>((resolve) => (this.looked = resolve));
  private readonly parts: SlotParts = {
    card: (chart, channels) => new Card(chart, channels, this.context, this.crosshair),
    placed: (slot) => {
      this.places.set(slot.element, slot);
      this.sight.observe(slot.element);
    },
    known: (slot) => this.appear(slot),
  };

  /** `titled`: by which title a chart is put into its group, the chart's own unless told. */
  constructor(
    private readonly context: ChartContext, private readonly folding: Folding,
    private readonly titled: (chart: Chart) => string = (chart) => chart.title,
  ) {
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) this.turn(entry);
      this.giveUp();
      this.looked();
    }, { rootMargin: AHEAD });
    addEventListener("scroll", () => (this.scrolledAt = performance.now()), { passive: true });
    this.element.append(this.groupBox, this.nothing, this.drawer);
  }

  /** Those that were in sight lately. */
  get cards(): Map<string, Card> {
    return new Map([...this.made].map(([slot, key]) => [key, slot.card!]));
  }

  /** Show these charts; those which are there already, with the same channels, stay as they are. */
  update(charts: readonly Chart[], channels: readonly Channel[]): void {
    const before = this.known;
    this.known = { charts, channels };
    if (before?.channels !== channels || before.charts !== charts) this.updateSlots(charts, channels);
    if (before?.charts === charts) return;
    this.group(charts);
    this.find(this.wanted);
    this.buildFirst();
  }

  /** Only charts that the search text fits, see search.ts. */
  find(text: string): void {
    this.wanted = text;
    const search = searchFor(text);
    let shown = 0;
    for (const slot of this.slots.values()) {
      slot.found = text.trim() === "" || search.matches(slot.names);
      if (slot.found) shown++;
      else if (slot.isPlaced) this.drawer.append(slot.element);
    }
    for (const group of this.groups.values()) group.arrange(shown, this.width);
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
    for (const slot of this.made.keys()) act(slot.card!);
  }

  /** Resolves when the charts in sight are mounted and have their numbers. */
  async ready(): Promise<void> {
    if (this.slots.size > 0) await this.firstLook;
    await Promise.all([...this.cards.values()].map((card) => card.ready));
  }

  /** Of the page, which decides how many charts stand beside each other. */
  private get width(): number {
    return this.element.clientWidth || PAGE_PX;
  }

  private updateSlots(charts: readonly Chart[], channels: readonly Channel[]): void {
    const known = new Map(channels.map((channel) => [channel.id, channel]));
    const kept = new Set(charts.map(keyOf));
    for (const [key, slot] of this.slots) if (!kept.has(key)) this.remove(key, slot);
    for (const chart of charts) {
      const own = chart.channels.map((id) => known.get(id)).filter((one): one is Channel => one !== undefined);
      const slot = this.slots.get(keyOf(chart));
      if (slot) slot.update(own);
      else this.slots.set(keyOf(chart), new Slot(chart, own, this.parts));
    }
  }

  /** The first charts of the page, so that they need not be found first. */
  private buildFirst(): void {
    let left = AT_ONCE;
    for (const group of this.groups.values()) {
      if (left <= 0) return;
      left -= group.buildAll(this.width);
    }
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
    const group = new Group(name, this.folding.isFolded(name, charts), {
      folded: (folded) => this.folding.fold(name, folded),
      shelf: (shelf: Shelf) => this.near.watch(shelf.element, () => shelf.fill()),
    });
    this.groups.set(name, group);
    const block = this.blockFor(name);
    block.append(group.element);
    if (this.lookedInto.has(block)) this.near.watch(group.element, () => group.build(this.width));
    return group;
  }

  /** Groups by the dozen: thousands of them one by one would be too many to look after. */
  private blockFor(name: string): HTMLElement {
    const last = this.groupBox.lastElementChild as HTMLElement | null;
    if (last && name !== "" && last.childElementCount < GROUPS_A_BLOCK) return last;
    const block = h("div", { class: "groups" });
    if (name === "") this.groupBox.prepend(block);
    else this.groupBox.append(block);
    this.near.watch(block, () => this.lookInto(block));
    return block;
  }

  private lookInto(block: HTMLElement): void {
    this.lookedInto.add(block);
    for (const group of this.groups.values()) {
      if (group.element.parentElement === block) this.near.watch(group.element, () => group.build(this.width));
    }
  }

  private remove(key: string, slot: Slot): void {
    this.forget(slot);
    if (slot.isPlaced) {
      this.sight.unobserve(slot.element);
      this.places.delete(slot.element);
    }
    this.slots.delete(key);
    slot.remove();
  }

  private forget(slot: Slot): void {
    clearTimeout(this.coming.get(slot));
    this.made.delete(slot);
    if (slot.card) this.seen.delete(slot.card);
  }

  /** Who scrolls past a chart does not want it. */
  private come(slot: Slot): void {
    if (performance.now() - this.scrolledAt > PASSING_MS) return this.appear(slot);
    this.coming.set(slot, setTimeout(() => {
      this.coming.delete(slot);
      this.appear(slot);
    }, PASSING_MS));
  }

  private appear(slot: Slot): void {
    slot.appear();
    if (!slot.card) return;
    this.made.delete(slot);
    this.made.set(slot, keyOf(slot.chart));
    this.seen.add(slot.card);
  }

  /** A run of thousands of charts must not fill the memory of who scrolls through all of them. */
  private giveUp(): void {
    for (const slot of this.made.keys()) {
      if (this.made.size <= MOST_CARDS) return;
      const card = slot.card!;
      if (this.seen.has(card) || card.content.painted === 0 || card.isTouched) continue;
      this.forget(slot);
      slot.vacate();
    }
  }

  private turn(entry: IntersectionObserverEntry): void {
    const slot = this.places.get(entry.target);
    if (!slot) return;
    if (entry.isIntersecting) return this.come(slot);
    clearTimeout(this.coming.get(slot));
    this.coming.delete(slot);
    if (!slot.card || this.seen.delete(slot.card)) slot.disappear();
  }
}

/** A chart with other channels is another figure. */
function keyOf(chart: Chart): string {
  return [chart.id, ...chart.channels].join(" ");
}
