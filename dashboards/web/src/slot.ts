/** The place of a chart in the grid: empty, and next to free, until it comes into sight. */

import type { Card } from "./card.ts";
import { h } from "./dom.ts";
import type { Channel, Chart } from "./model.ts";

export class Slot {
  readonly element = h("div", { class: "slot" });
  card: Card | null = null;
  /** What the reader may look for: the title and the names of the channels, a line each. */
  names = "";

  constructor(
    readonly chart: Chart, private channels: readonly Channel[],
    private readonly make: (chart: Chart, channels: readonly Channel[]) => Card,
  ) {
    this.update(channels);
  }

  appear(): void {
    if (!this.card) {
      this.card = this.make(this.chart, this.channels);
      this.card.update(this.channels);
      this.element.append(this.card.element);
      this.element.classList.add("filled");
    }
    this.card.appear();
  }

  update(channels: readonly Channel[]): void {
    this.channels = channels;
    this.names = [this.chart.title, ...channels.map((channel) => channel.name)].join("\n");
    this.card?.update(channels);
  }

  remove(): void {
    this.card?.remove();
    this.element.remove();
  }
}
