/**
 * Figures and small curves for the rows in sight: of all that need them in one request, and of a
 * run that grows not more often than every few seconds.
 */

import { getJson, isServerTrouble } from "../api.ts";
import type { Page, Run } from "../model.ts";
import type { RunFigures } from "./columns.ts";

interface Entry {
  run: () => Run;
  show: (figures: RunFigures) => void;
  /** Points of the run when it was asked for. */
  points: number;
  asked: number;
}

const AT_ONCE = 60;
const GATHER_MS = 60;
const EVERY_MS = 4000;
const SPARK_PX = 92;

export class FigureBoard {
  private readonly entries = new Map<Element, Entry>();
  private readonly seen = new Set<Element>();
  private channels: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;
  private asking = false;
  private readonly sight = new IntersectionObserver((found) => {
    for (const { target, isIntersecting } of found) {
      if (isIntersecting) this.seen.add(target);
      else this.seen.delete(target);
    }
    this.soon(GATHER_MS);
  }, { rootMargin: "200px" });

  watch(element: Element, run: () => Run, show: (figures: RunFigures) => void): void {
    this.entries.set(element, { run, show, points: -1, asked: -Infinity });
    this.sight.observe(element);
  }

  forget(element: Element): void {
    this.entries.delete(element);
    this.seen.delete(element);
    this.sight.unobserve(element);
  }

  /** Some run has more to show. */
  changed(): void {
    this.soon(GATHER_MS);
  }

  /** The channels that columns show. */
  choose(channels: readonly string[]): void {
    if (JSON.stringify(channels) === JSON.stringify(this.channels)) return;
    this.channels = channels;
    for (const entry of this.entries.values()) Object.assign(entry, { points: -1, asked: -Infinity });
    this.soon(GATHER_MS);
  }

  private soon(wait: number): void {
    const due = performance.now() + wait;
    if (this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.due = Infinity;
      void this.ask();
    }, wait);
  }

  private async ask(): Promise<void> {
    const stale = [...this.seen].map((one) => this.entries.get(one)).filter((one): one is Entry => one !== undefined && one.run().points !== one.points);
    const ready = stale.filter((one) => one.asked + EVERY_MS <= performance.now()).slice(0, AT_ONCE);
    if (this.asking || stale.length === 0) return;
    if (ready.length === 0) return this.soon(EVERY_MS / 4);
    this.asking = true;
    const { channels } = this;
    for (const one of ready) Object.assign(one, { asked: performance.now(), points: one.run().points });
    try {
      const found = await getFigures(ready.map((one) => one.run().id), channels);
      if (channels === this.channels) for (const one of ready) show(one, found);
    } catch (error) {
      for (const one of ready) one.points = -1; // asked again with the next change
      if (!isServerTrouble(error)) throw error;
    } finally {
      this.asking = false;
    }
    this.soon(GATHER_MS);
  }
}

function show(entry: Entry, found: ReadonlyMap<string, RunFigures>): void {
  const figures = found.get(entry.run().id);
  if (figures) entry.show(figures);
}

async function getFigures(runs: readonly string[], channels: readonly string[]): Promise<Map<string, RunFigures>> {
  const query = new URLSearchParams({ px: String(SPARK_PX) });
  for (const run of runs) query.append("run", run);
  for (const channel of channels) query.append("channel", channel);
  const { items } = await getJson<Page<RunFigures>>(`/figures?${query}`);
  return new Map(items.map((one) => [one.run, one]));
}
