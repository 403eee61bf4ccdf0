/**
 * The entries of one chart: where they lie is asked once and again on news, bodies when they are to
 * be shown. Bodies never change, so those that came are kept for a while.
 */

import { isAbort } from "../api.ts";
import { getEntries, getSteps } from "./api.ts";
import type { Body } from "./bodies.ts";
import type { Place, StepsOfSeries } from "./timeline.ts";

export interface EntrySource {
  /** Id of the channel, and its number in the run of this page; null: it is of another run. */
  channel: string;
  number: number | null;
  name: string;
  /** Name of the other run. */
  run: string | null;
}

export interface Wanted {
  channel: string;
  place: Place;
}

export interface EntryFeedEvents {
  /** Steps came. */
  changed(): void;
  failed(error: unknown): void;
}

/** Bodies asked for in one request. */
const BATCH = 100;
/** With so many steps, news are gathered for longer: all of them are asked for each time. */
const MANY_STEPS = 20_000;
const GATHER_MS = 5_000;

export class EntryFeed {
  readonly steps = new Map<string, StepsOfSeries[]>();
  loads = 0;
  private readonly kept = new Map<string, Body>();
  private loading: AbortController | null = null;
  private readonly stale = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private inSight = true;

  /** `keep`: so many bodies are held. */
  constructor(
    private sources: readonly EntrySource[], private readonly events: EntryFeedEvents, private readonly keep = 64,
  ) {}

  get isLoading(): boolean {
    return this.loading !== null;
  }

  /** From now on the steps of these; `load` brings them. */
  setSources(sources: readonly EntrySource[]): void {
    this.sources = sources;
  }

  /** Where all entries are, anew. Rejects when the server refuses or is away. */
  async load(): Promise<void> {
    await this.ask(this.sources.map((one) => one.channel));
  }

  news(numbers: ReadonlySet<number>): void {
    for (const { number, channel } of this.sources) {
      if (number !== null && numbers.has(number)) this.stale.add(channel);
    }
    this.refresh();
  }

  pause(): void {
    this.inSight = false;
  }

  /** In sight again: what was missed comes now. */
  resume(): void {
    this.inSight = true;
    this.refresh();
  }

  stop(): void {
    this.pause();
    this.loading?.abort();
    clearTimeout(this.timer);
  }

  /** The bodies of these places, those that are not held from the server. */
  async bodies(wanted: readonly Wanted[], signal: AbortSignal): Promise<Body[]> {
    const missing = wanted.filter(({ place }) => !this.kept.has(keyOf(place)));
    await Promise.all(batches(missing).map(({ channel, series, ordinals }) =>
      this.fetch(channel, series, ordinals, signal)));
    const found = wanted.map(({ place }) => this.touch(keyOf(place)));
    this.shrink(Math.max(this.keep, wanted.length));
    return found;
  }

  /** So that the next step is there at once; what fails is asked for again when it is wanted. */
  prefetch(wanted: readonly Wanted[], signal: AbortSignal): void {
    this.bodies(wanted, signal).catch(() => undefined);
  }

  private refresh(): void {
    if (!this.inSight || this.stale.size === 0 || this.loading || this.timer !== undefined) return;
    const held = [...this.steps.values()].flat().reduce((sum, one) => sum + one.x.length, 0);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const channels = [...this.stale];
      void this.ask(channels).catch((error: unknown) => this.events.failed(error));
    }, held > MANY_STEPS ? GATHER_MS : 0);
  }

  private async ask(channels: readonly string[]): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    for (const channel of channels) this.stale.delete(channel);
    try {
      const steps = await Promise.all(channels.map((channel) => getSteps(channel, mine.signal)));
      if (this.loading !== mine) return;
      channels.forEach((channel, i) => this.steps.set(channel, steps[i]!));
      this.loads++;
    } catch (error) {
      if (isAbort(error) || this.loading !== mine) return;
      for (const channel of channels) this.stale.add(channel);
      throw error;
    } finally {
      if (this.loading === mine) this.loading = null;
    }
    this.events.changed();
    this.refresh();
  }

  private async fetch(channel: string, series: number, ordinals: number[], signal: AbortSignal): Promise<void> {
    for (const item of await getEntries(channel, series, ordinals, signal)) {
      this.kept.set(`${item.series}:${item.ordinal}`, item.body);
    }
  }

  /** The body, as the one that was used last. */
  private touch(key: string): Body {
    const body = this.kept.get(key);
    if (!body) throw new RangeError("the server has no such entry");
    this.kept.delete(key);
    this.kept.set(key, body);
    return body;
  }

  private shrink(most: number): void {
    for (const key of this.kept.keys()) {
      if (this.kept.size <= most) return;
      this.kept.delete(key);
    }
  }
}

const keyOf = (place: Place): string => `${place.series}:${place.ordinal}`;

function batches(wanted: readonly Wanted[]): { channel: string; series: number; ordinals: number[] }[] {
  const bySeries = new Map<number, { channel: string; series: number; ordinals: number[] }>();
  const full: { channel: string; series: number; ordinals: number[] }[] = [];
  for (const { channel, place } of wanted) {
    let batch = bySeries.get(place.series);
    if (!batch || batch.ordinals.length === BATCH) {
      batch = { channel, series: place.series, ordinals: [] };
      bySeries.set(place.series, batch);
      full.push(batch);
    }
    batch.ordinals.push(place.ordinal);
  }
  return full;
}
