/** The charts of a run. Those in sight are mounted and fed; the others cost nothing. */

import { Card } from "./card.ts";
import { Crosshair } from "./crosshair.ts";
import { h } from "./dom.ts";
import type { Frame } from "./frames.ts";
import type { Channel, Chart } from "./model.ts";
import type { ChartContext } from "./numeric.ts";
import { strings } from "./strings.ts";

/** So far outside the window a chart counts as in sight. */
const AHEAD = "200px";

export class Grid {
  private readonly cells = h("div", { class: "grid" });
  readonly element = h("div", { class: "charts" });
  readonly cards = new Map<string, Card>();
  private readonly crosshair = new Crosshair();
  private readonly nothing = h("p", { class: "nothing", hidden: true });
  private readonly sight: IntersectionObserver;
  private readonly seen = new Set<Card>();
  private looked: () => void = () => undefined;
  private readonly firstLook = new Promise<void>((resolve) => (this.looked = resolve));

  constructor(private readonly context: ChartContext) {
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) this.turn(entry);
      this.looked();
    }, { rootMargin: AHEAD });
    this.element.append(this.cells, this.nothing);
  }

  /** Show these charts; those which are there already, with the same channels, stay as they are. */
  update(charts: readonly Chart[], channels: readonly Channel[]): void {
    const kept = new Set(charts.map(keyOf));
    for (const [key, card] of this.cards) if (!kept.has(key)) this.remove(key, card);
    for (const [i, chart] of charts.entries()) {
      const own = chart.channels.map((id) => channels.find((one) => one.id === id));
      const known = own.filter((one): one is Channel => one !== undefined);
      const card = this.cards.get(keyOf(chart)) ?? this.add(chart, known);
      card.update(known);
      // Moving an element that is in its place would take the focus from it.
      if (this.cells.children[i] !== card.element) this.cells.insertBefore(card.element, this.cells.children[i] ?? null);
    }
    this.arrange();
  }

  /** Only charts with `text` in their title or in the name of a channel. */
  find(text: string): void {
    const wanted = text.trim().toLowerCase();
    for (const card of this.cards.values()) card.element.hidden = !card.names().includes(wanted);
    this.arrange();
    this.nothing.hidden = this.shown().length > 0 || wanted === "";
    this.nothing.textContent = strings.noChartsFound(text.trim());
  }

  take(frame: Frame): void {
    for (const block of frame.blocks) {
      for (const card of this.cards.values()) card.take(block);
    }
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
    for (const card of this.cards.values()) card.view.setAxis();
  }

  each(act: (card: Card) => void): void {
    for (const card of this.cards.values()) act(card);
  }

  /** Resolves when the charts in sight are mounted and have their numbers. */
  async ready(): Promise<void> {
    if (this.cards.size > 0) await this.firstLook;
    await Promise.all([...this.cards.values()].map((card) => card.ready));
  }

  private shown(): Card[] {
    return [...this.cards.values()].filter((card) => !card.element.hidden);
  }

  /** Few charts are drawn large. */
  private arrange(): void {
    this.cells.dataset["count"] = String(Math.min(this.shown().length, 5));
    this.cells.dataset["odd"] = String(this.shown().length % 2 === 1);
  }

  private add(chart: Chart, channels: readonly Channel[]): Card {
    const card = new Card(chart, channels, this.context, this.crosshair);
    this.cards.set(keyOf(chart), card);
    this.sight.observe(card.element);
    return card;
  }

  private remove(key: string, card: Card): void {
    this.sight.unobserve(card.element);
    this.seen.delete(card);
    this.cards.delete(key);
    card.remove();
  }

  private turn(entry: IntersectionObserverEntry): void {
    const card = [...this.cards.values()].find((one) => one.element === entry.target);
    if (!card) return;
    if (entry.isIntersecting) {
      this.seen.add(card);
      card.appear();
    } else if (this.seen.delete(card)) card.disappear();
  }
}

/** A chart with other channels is another figure. */
function keyOf(chart: Chart): string {
  return [chart.id, ...chart.channels].join(" ");
}
