/**
 * The bands of a chart's channels. The server says when one changed; it is asked for again, but a
 * band of many ranks is much work: each not more often than this, resting longer than it took, and
 * of all charts of the page one after the other.
 */

import { isAbort, isServerTrouble } from "./api.ts";
import type { Band } from "./bandapi.ts";

const EVERY_MS = 250;
const REST = 3;

/** One request at a time; after it as long a rest. */
export class Lane {
  private last: Promise<unknown> = Promise.resolve();

  /** `ask` when it is its turn. */
  take<T>(ask: () => Promise<T>): Promise<T> {
    const turn = this.last.then(ask);
    this.last = this.last.then(async () => {
      const begun = performance.now();
      await turn.catch(() => undefined);
      const took = performance.now() - begun;
      await new Promise((resolve) => setTimeout(resolve, took));
    });
    return turn;
  }
}

const PAGE = new Lane();

export class Bands {
  readonly data = new Map<number, Band>();
  private readonly waiting = new Map<number, ReturnType<typeof setTimeout>>();
  private readonly notBefore = new Map<number, number>();
  private readonly again = new Set<number>();
  private asking = new Map<number, AbortController>();

  constructor(
    private readonly get: (channel: number, signal: AbortSignal) => Promise<Band>,
    private readonly changed: () => void,
    private readonly lane = PAGE,
  ) {}

  /** The band of `channel` is another one at the server. */
  stale(channel: number): void {
    if (this.asking.has(channel)) this.again.add(channel);
    else if (!this.waiting.has(channel)) {
      const wait = Math.max(0, (this.notBefore.get(channel) ?? 0) - performance.now());
      this.waiting.set(channel, setTimeout(() => void this.ask(channel), wait));
    }
  }

  /** What is on its way is of no use any more. */
  drop(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    for (const asked of this.asking.values()) asked.abort();
    this.waiting.clear();
    this.asking.clear();
    this.again.clear();
  }

  private async ask(channel: number): Promise<void> {
    this.waiting.delete(channel);
    const mine = new AbortController();
    this.asking.set(channel, mine);
    let took = 0;
    try {
      const band = await this.lane.take(async () => {
        if (mine.signal.aborted) return null;
        const begun = performance.now();
        const found = await this.get(channel, mine.signal);
        took = performance.now() - begun;
        return found;
      });
      if (mine.signal.aborted || !band) return;
      this.data.set(channel, band);
      this.changed();
    } catch (error) {
      // Away or busy: the next change, or the connection that returns, asks again.
      if (!isAbort(error) && !isServerTrouble(error)) throw error;
    } finally {
      this.rest(channel, mine, took);
    }
  }

  private rest(channel: number, mine: AbortController, took: number): void {
    if (this.asking.get(channel) !== mine) return;
    this.asking.delete(channel);
    this.notBefore.set(channel, performance.now() + Math.max(EVERY_MS, REST * took));
    if (this.again.delete(channel)) this.stale(channel);
  }
}
