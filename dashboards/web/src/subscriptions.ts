/**
 * Which channels of the run are watched, and for whom. A channel may stand in several charts, and
 * the server keeps one cursor a series for a page: it is told the least that any chart has.
 */

import type { Live, Watched } from "./socket.ts";

export interface Subscriber {
  /** By channel number, as things stand now. */
  watched(): Map<number, Watched>;
  /** The bands of these channels changed. */
  bandsChanged?(channels: readonly number[]): void;
}

export class Subscriptions {
  private readonly charts = new Set<Subscriber>();

  constructor(private readonly run: string, private readonly live: Live) {
    live.bands = (told) => {
      if (told.run === run) for (const chart of this.charts) chart.bandsChanged?.(told.channels);
    };
  }

  /** Frames from the cursors on; false when the server did not take it. */
  async watch(chart: Subscriber): Promise<boolean> {
    this.charts.add(chart);
    const channels: Record<number, Watched> = {};
    for (const number of chart.watched().keys()) channels[number] = this.merged(number);
    return this.live.watch(this.run, channels);
  }

  unwatch(chart: Subscriber): void {
    if (!this.charts.delete(chart)) return;
    const others = new Set([...this.charts].flatMap((one) => [...one.watched().keys()]));
    const free = [...chart.watched().keys()].filter((number) => !others.has(number));
    if (free.length > 0) this.live.unwatch(this.run, free);
  }

  get online(): boolean {
    return this.live.connection === "live";
  }

  private merged(number: number): Watched {
    const all = [...this.charts].map((one) => one.watched().get(number)).filter((w) => w !== undefined);
    const names = new Set(all.flatMap((one) => Object.keys(one.cursors)));
    const cursors: Record<string, number> = {};
    for (const id of names) cursors[id] = Math.min(...all.map((one) => one.cursors[id] ?? 0));
    const bands = all.map((one) => one.band).filter((band) => band !== undefined);
    const ranks = all.map((one) => one.ranks);
    return {
      dx: Math.min(...all.map((one) => one.dx)), cursors,
      ...(ranks.every((some) => some !== undefined) && { ranks: [...new Set(ranks.flat())] }),
      ...(bands.length > 0 && { band: Math.min(...bands) }),
    };
  }
}
