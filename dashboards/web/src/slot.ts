/** The place of a chart in the grid: nothing at all, then empty, then a card while it is in sight. */

import type { Card } from "./card.ts";
import { h } from "./dom.ts";
import type { Channel, Chart } from "./model.ts";

export interface SlotParts {
  card(chart: Chart, channels: readonly Channel[]): Card;
  /** The place is on the page from now on. */
  placed(slot: Slot): void;
  /** What it waited for is there. */
  known(slot: Slot): void;
}

export class Slot {
  card: Card | null = null;
  /** Whether the search finds it. */
  found = true;
  /** In sight, as soon as its channels are known. */
  private wanted = false;
  private place: HTMLElement | null = null;

  constructor(readonly chart: Chart, private channels: readonly Channel[], private readonly parts: SlotParts) {}

  get element(): HTMLElement {
    if (!this.place) {
      this.place = h("div", { class: "slot" });
      this.parts.placed(this);
    }
    return this.place;
  }

  get isPlaced(): boolean {
    return this.place !== null;
  }

  /** What the reader may look for: the title and the names of the channels, a line each. */
  get names(): string {
    return [this.chart.title, ...this.channels.map((channel) => channel.name)].join("\n");
  }

  appear(): void {
    this.wanted = !this.isKnown;
    if (this.wanted) return;
    if (!this.card) {
      this.card = this.parts.card(this.chart, this.channels);
      this.card.update(this.channels);
      this.element.append(this.card.element);
      this.element.classList.add("filled");
      this.element.style.height = "";
    }
    this.card.appear();
  }

  disappear(): void {
    this.wanted = false;
    this.card?.disappear();
  }

  /** Far away, and others need the memory: as high as before, it is drawn anew when it comes back. */
  vacate(): void {
    this.element.style.height = `${this.element.offsetHeight}px`;
    this.element.classList.remove("filled");
    this.card?.remove();
    this.card = null;
  }

  update(channels: readonly Channel[]): void {
    this.channels = channels;
    this.card?.update(channels);
    if (this.wanted && this.isKnown) this.parts.known(this);
  }

  /** In a run of thousands of channels some are heard of later than the charts that they are in. */
  private get isKnown(): boolean {
    return this.channels.length === this.chart.channels.length;
  }

  remove(): void {
    this.card?.remove();
    this.place?.remove();
  }
}
