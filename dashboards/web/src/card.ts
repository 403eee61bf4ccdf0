/** A chart in its frame: title, tools, and what its type draws; mounted when it comes into sight. */

import { ApiError, Unreachable } from "./api.ts";
import type { Content, ContentEvents } from "./content.ts";
import { contentOf } from "./contents.ts";
import type { Crosshair } from "./crosshair.ts";
import { fill, h, setText } from "./dom.ts";
import { Enlarge } from "./enlarge.ts";
import type { Block } from "./frames.ts";
import { menuButton } from "./menu.ts";
import type { Channel, Chart } from "./model.ts";
import type { ChartContext } from "./numeric.ts";
import { strings } from "./strings.ts";

export class Card {
  readonly element: HTMLElement;
  readonly content: Content;
  private mounting: Promise<void> | null = null;
  private failed = false;
  private readonly enlarge = new Enlarge(() => this.element);
  private readonly at = h("output", { class: "at" });
  private readonly status = h("div", { class: "card-status" }, h("div", { class: "skeleton-plot" }));

  constructor(
    readonly chart: Chart, private channels: readonly Channel[], context: ChartContext, crosshair: Crosshair,
  ) {
    this.content = contentOf({ chart, channels, context, crosshair, events: this.events() });
    this.element = this.layout();
  }

  get ready(): Promise<void> | null {
    return this.mounting;
  }

  /** In sight: mounted at the first time, live again later. */
  appear(): void {
    if (!this.mounting) this.mounting = this.mount();
    else if (this.failed) this.retry();
    else this.content.resume();
  }

  /** The connection is back: the view anew, or at last. */
  reload(): void {
    if (this.failed) this.retry();
    else this.content.reload();
  }

  disappear(): void {
    this.content.pause();
  }

  take(block: Block): void {
    this.content.take(block);
  }

  news(numbers: ReadonlySet<number>): void {
    this.content.news(numbers);
  }

  update(channels: readonly Channel[]): void {
    this.channels = channels;
    this.content.update(channels);
  }

  ask(): void {
    this.content.ask();
  }

  paintTheme(): void {
    this.content.paintTheme();
  }

  remove(): void {
    if (this.enlarge.isLarge) this.enlarge.turn(false);
    this.content.remove();
    this.element.remove();
  }

  /** The reader has changed what it shows: it must not be given up. */
  get isTouched(): boolean {
    const { zoomed, log, entries } = this.content.state();
    return zoomed || log || (entries !== null && !entries.following) || this.enlarge.isLarge;
  }

  private events(): ContentEvents {
    return {
      painted: () => (this.status.hidden = true),
      failed: (error) => this.fail(error),
      told: (text) => setText(this.at, text),
      wheelIsFree: () => this.enlarge.isLarge || !pageScrolls(),
    };
  }

  private layout(): HTMLElement {
    const { type, id, title } = this.chart;
    const solo = type === "NUMERIC" && this.channels.length === 1 && this.channels[0]!.name === title;
    return h("section", {
      class: `card card-${type.toLowerCase()}${solo ? " solo" : ""}`, "aria-label": title, "data-chart": id,
    },
      h("div", { class: "card-top" }, this.head(), this.content.legend),
      h("div", { class: "plot" }, this.content.body, this.status));
  }

  private head(): HTMLElement {
    return h("header", { class: "card-head" },
      h("h2", { title: this.chart.title }, this.chart.title), this.at,
      h("div", { class: "card-tools" }, ...this.content.tools,
        menuButton(strings.more, () => this.content.exports()), this.enlarge.button));
  }

  private async mount(): Promise<void> {
    try {
      await this.content.mount();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.content.painted > 0) return; // what is shown stays; the connection says the rest
    this.failed = true;
    this.status.hidden = false;
    fill(this.status, h("p", {}, strings.chartFailed), h("p", { class: "faint" }, explain(error)),
      h("button", { type: "button", class: "button small", onclick: () => this.retry() }, strings.retry));
  }

  private retry(): void {
    fill(this.status, h("div", { class: "skeleton-plot" }));
    this.failed = false;
    this.mounting = this.mount();
  }
}

function explain(error: unknown): string {
  if (error instanceof Unreachable) return strings.chartOffline;
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return strings.chartFault;
}

function pageScrolls(): boolean {
  const { scrollHeight, clientHeight } = document.documentElement;
  return scrollHeight > clientHeight;
}
