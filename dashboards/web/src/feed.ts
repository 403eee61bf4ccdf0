/**
 * The numbers of one chart: views from the server, then live frames from the cursors on.
 *
 * A view says how many points each series had when it was read. Then the chart is watched from
 * these cursors; until the server has answered, frames that are still on their way are left out,
 * because what they hold comes again. So nothing is missing and nothing double at the seam.
 */

import { getPoints, isAbort, type Range } from "./api.ts";
import type { Block } from "./frames.ts";
import type { Channel } from "./model.ts";
import { ChannelData, type Axis } from "./series.ts";
import type { Watched } from "./socket.ts";
import type { Subscriber, Subscriptions } from "./subscriptions.ts";

export interface Wanted {
  axis: Axis;
  px: number;
  /** In units of the axis on the wire (steps, or µs UTC); null is all there is. */
  range: Range | null;
}

export interface FeedEvents {
  changed(): void;
  /** A view must be asked for again; the chart knows which. */
  stale(): void;
  failed(error: unknown): void;
}

const RETRY_MS = 1000;

export class Feed implements Subscriber {
  readonly data = new Map<number, ChannelData>();
  private loading: AbortController | null = null;
  private settling: object | null = null;
  /** Columns that the newest view was asked for. */
  px = 0;
  private watching = false;
  /** Frames are wanted. */
  inSight = true;
  /** Views taken so far. */
  loads = 0;

  constructor(
    private readonly channels: readonly Channel[],
    private readonly subscriptions: Subscriptions,
    private readonly events: FeedEvents,
  ) {
    for (const channel of channels) this.data.set(channel.number, new ChannelData());
    this.learn(channels);
  }

  /** What the server says of the channels' sessions. */
  learn(channels: readonly Channel[]): void {
    for (const channel of channels) this.data.get(channel.number)?.learn(channel.series);
  }

  get isLoading(): boolean {
    return this.loading !== null;
  }

  /** Ask for a view; an earlier request that is still on its way is given up. */
  async load(wanted: Wanted): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    this.px = wanted.px;
    try {
      const views = await Promise.all(this.channels.map((channel) =>
        getPoints({ channel: channel.id, ...wanted }, mine.signal)));
      if (this.loading !== mine) return;
      this.channels.forEach((channel, i) =>
        this.data.get(channel.number)!.replace(views[i]!, wanted.range, wanted.axis));
      this.loads++;
      this.loading = null;
      this.events.changed();
      if (this.inSight) await this.watch();
    } catch (error) {
      if (isAbort(error) || this.loading !== mine) return;
      this.loading = null;
      this.events.failed(error);
    }
  }

  /** Take what a frame brought for one of the channels. */
  take(block: Block): void {
    const data = this.data.get(block.channel);
    if (!data || this.settling || !this.watching) return;
    const applied = data.apply(block);
    if (applied === "extended") this.events.changed();
    if (this.loading) return;
    if (applied === "gap" || data.size() > 8 * this.px) this.events.stale();
  }

  /** Out of sight: no more frames. The cursors stay. */
  pause(): void {
    this.inSight = false;
    if (!this.watching) return;
    this.watching = false;
    this.subscriptions.unwatch(this);
  }

  /** In sight again, or the view moved: frames from the cursors on. */
  async watch(): Promise<void> {
    const mine = (this.settling = {});
    this.watching = true;
    const taken = await this.subscriptions.watch(this);
    if (this.settling !== mine) return;
    this.settling = null;
    if (!taken && this.subscriptions.online) setTimeout(() => this.events.stale(), RETRY_MS);
  }

  stop(): void {
    this.loading?.abort();
    this.loading = null;
    this.pause();
  }

  cursors(): Record<string, number> {
    return Object.assign({}, ...[...this.data.values()].map((data) => data.cursors())) as Record<string, number>;
  }

  watched(): Map<number, Watched> {
    return new Map([...this.data].map(([number, data]) =>
      [number, { dx: this.pixelWidth(data), cursors: data.cursors() }]));
  }

  private pixelWidth(data: ChannelData): number {
    let lo = Infinity;
    let hi = -Infinity;
    for (const one of data.list()) {
      for (const x of one.x.view()) {
        if (x < lo) lo = x;
        if (x > hi) hi = x;
      }
    }
    return hi > lo ? (hi - lo) / this.px : 0;
  }
}
