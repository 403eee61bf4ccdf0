/** The cells of a page in their columns. Those out of sight cost next to nothing. */

import { h } from "../dom.ts";
import { MOST_COLUMNS, sizeOf, type Arrangement } from "./arrangement.ts";
import { CellCard, type CardEvents } from "./card.ts";
import { gliding, putInOrder } from "./motion.ts";
import type { Cell } from "./record.ts";

/** So far outside the window a cell counts as in sight. */
const AHEAD = "300px";
/** So far outside it is given up, where that saves much. */
const FAR = "3000px";
/** A column narrower than this is none: there are fewer of them. */
const NARROWEST_PX = 150;
const PHONE = matchMedia("(max-width: 700px)");

export class Board {
  readonly element = h("div", { class: "cells-grid", role: "list" });
  private readonly cards = new Map<string, CellCard>();
  private readonly sight: IntersectionObserver;
  private readonly reach: IntersectionObserver;
  private arrangement: Arrangement | null = null;
  private mayChange = false;
  private width = 0;
  private opened = false;
  private looked: () => void = () => undefined;
  private readonly firstLook = new Promise<void>((resolve) => (this.looked = resolve));

  constructor(private readonly events: CardEvents) {
    this.sight = new IntersectionObserver((entries) => this.see(entries), { rootMargin: AHEAD });
    this.reach = new IntersectionObserver((entries) => this.rest(entries), { rootMargin: FAR });
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  /** As many columns as were chosen and there is room for. One cell alone has all of it. */
  get columns(): number {
    const chosen = this.arrangement?.columns ?? 1;
    if (PHONE.matches || this.cards.size === 1) return 1;
    const room = Math.floor((this.width || this.element.clientWidth) / NARROWEST_PX);
    return Math.max(1, Math.min(chosen, MOST_COLUMNS, room));
  }

  /** In the order in which they stand. */
  get shown(): CellCard[] {
    return [...this.element.children].map((slot) => this.cards.get((slot as HTMLElement).dataset["cell"]!)!);
  }

  /** Whether these, and no others, stand here in this order. */
  stands(cells: readonly Cell[]): boolean {
    const { shown } = this;
    return shown.length === cells.length && cells.every((cell, i) => shown[i]!.cell.id === cell.id);
  }

  card(id: string): CellCard | undefined {
    return this.cards.get(id);
  }

  each(act: (card: CellCard) => void): void {
    for (const card of this.cards.values()) act(card);
  }

  allow(change: boolean): void {
    this.mayChange = change;
    this.each((card) => card.allow(change));
  }

  /** Connected, at first or again: what is in the cells is asked for. */
  reload(): void {
    this.opened = true;
    this.each((card) => card.loader.changed());
  }

  /** These and no others, in this order, once `settle` has laid down what is held. Cards that stay glide to their places. */
  show(cells: readonly Cell[], arrangement: Arrangement, settle: () => void): void {
    this.arrangement = arrangement;
    const kept = new Set(cells.map((cell) => cell.id));
    const stay = [...this.cards.values()].filter((card) => kept.has(card.cell.id) && !card.isLarge);
    gliding(stay.map((card) => card.card), () => {
      settle();
      for (const [id, card] of this.cards) if (!kept.has(id)) this.remove(id, card);
      for (const cell of cells) this.cards.get(cell.id)?.update(cell);
      putInOrder(this.element, cells.map((cell) => (this.cards.get(cell.id) ?? this.add(cell)).slot));
      this.arrange();
    });
  }

  /** Resolves when the cells in sight are shown. */
  async ready(): Promise<void> {
    if (this.cards.size > 0 && this.element.checkVisibility()) await this.firstLook;
    await Promise.all([...this.cards.values()].map((card) => card.loader.ready));
  }

  private add(cell: Cell): CellCard {
    const card = new CellCard(cell, () => this.columns, this.events);
    card.allow(this.mayChange);
    this.cards.set(cell.id, card);
    this.sight.observe(card.slot);
    this.reach.observe(card.slot);
    if (this.opened) card.loader.changed();
    return card;
  }

  private remove(id: string, card: CellCard): void {
    this.sight.unobserve(card.slot);
    this.reach.unobserve(card.slot);
    this.cards.delete(id);
    card.remove();
  }

  private arrange(): void {
    const { arrangement, columns } = this;
    if (!arrangement) return;
    this.element.style.setProperty("--columns", String(columns));
    this.element.dataset["columns"] = String(columns);
    this.shown.forEach((card, place) => card.arrange(place, sizeOf(arrangement, card.cell.id), columns));
  }

  private fit(): void {
    if (this.element.clientWidth === this.width) return;
    this.width = this.element.clientWidth;
    this.arrange();
  }

  private see(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      this.cards.get((target as HTMLElement).dataset["cell"]!)?.loader.turn(isIntersecting);
    }
    this.looked();
  }

  /** What is behind another tab, or folded away, is not far: it has no place at all. */
  private rest(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      if (!isIntersecting && boundingClientRect.height > 0) this.cards.get((target as HTMLElement).dataset["cell"]!)?.loader.rest();
    }
  }
}
