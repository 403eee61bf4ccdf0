/**
 * The numbers of one chart: views from the server, then live frames from the cursors on.
 *
 * A view says how many points each series had when it was read. Then the chart is watched from
 * these cursors; until the server has answered, frames that are still on their way are left out,
 * because what they hold comes again. So nothing is missing and nothing double at the seam.
 */

import { getPoints, isAbort, type Range } from "./api.ts";
import { getBand, type Band } from "./bandapi.ts";
import { Bands } from "./bands.ts";
import type { Block } from "./frames.ts";
import type { Channel } from "./model.ts";
import type { RanksWanted } from "./ranks.ts";
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

/** What one channel gets: points of its ranks, and their band. */
interface Found {
  blocks: Block[];
  band: Band | null;
}

const RETRY_MS = 1000;
/** Lines of so many ranks are drawn with all pixels; of more each has fewer columns. */
const FINE_RANKS = 8;
const ALL_POINTS: RanksWanted = { band: false, ranks: null };

export class Feed implements Subscriber {
  readonly data = new Map<number, ChannelData>();
  private readonly shown: Bands;
  private wanted: Wanted = { axis: "x", px: 200, range: null };
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
    private readonly ranks: (channel: number) => RanksWanted = () => ALL_POINTS,
  ) {
    const ids = new Map(channels.map((channel) => [channel.number, channel.id]));
    this.shown = new Bands((number, signal) => this.band(ids.get(number)!, signal), () => events.changed());
    for (const channel of channels) this.data.set(channel.number, new ChannelData());
    this.learn(channels);
  }

  /** What the server says of the channels' sessions. */
  learn(channels: readonly Channel[]): void {
    for (const channel of channels) this.data.get(channel.number)?.learn(channel.series);
  }

  /** Of the channels that have many ranks. */
  get bands(): ReadonlyMap<number, Band> {
    return this.shown.data;
  }

  get isLoading(): boolean {
    return this.loading !== null;
  }

  /** Ask for a view; an earlier request that is still on its way is given up. */
  async load(wanted: Wanted): Promise<void> {
    this.loading?.abort();
    this.shown.drop();
    const mine = (this.loading = new AbortController());
    this.px = wanted.px;
    this.wanted = wanted;
    try {
      const found = await Promise.all(this.channels.map((channel) => this.find(channel, mine.signal)));
      if (this.loading !== mine) return;
      this.channels.forEach((channel, i) => this.replace(channel.number, found[i]!));
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

  private async find({ id, number }: Channel, signal: AbortSignal): Promise<Found> {
    const { band, ranks } = this.ranks(number);
    const several = band && ranks === null ? Math.max(1, this.data.get(number)!.ranks().length / FINE_RANKS) : 1;
    const view = { channel: id, ...this.wanted, px: Math.ceil(this.wanted.px / several) };
    const asked = ranks === null ? [getPoints(view, signal)] : ranks.map((rank) => getPoints({ ...view, rank }, signal));
    const [around, ...views] = await Promise.all([band ? this.band(id, signal) : null, ...asked]);
    return { blocks: views.flat(), band: around };
  }

  /** A column for two pixels: what it costs grows with the number of ranks. */
  private band(channel: string, signal: AbortSignal): Promise<Band> {
    return getBand({ channel, ...this.wanted, px: Math.ceil(this.wanted.px / 2) }, signal);
  }

  private replace(number: number, { blocks, band }: Found): void {
    this.data.get(number)!.replace(blocks, this.wanted.range, this.wanted.axis);
    if (band) this.shown.data.set(number, band);
    else this.shown.data.delete(number);
  }

  /** The server told that bands changed. */
  bandsChanged(channels: readonly number[]): void {
    if (!this.watching || this.loading) return; // after the load the server compares once more
    for (const number of channels) if (this.shown.data.has(number)) this.shown.stale(number);
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
    this.shown.drop();
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
    return new Map([...this.data].map(([number, data]) => {
      const { band, ranks } = this.ranks(number);
      return [number, {
        dx: this.pixelWidth(data), cursors: data.cursors(), ...(ranks !== null && { ranks }),
        ...(band && { band: this.shown.data.get(number)?.total ?? 0 }),
      }];
    }));
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
