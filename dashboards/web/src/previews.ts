/**
 * Last values and a small curve for the runs in sight. Each run costs two small requests, so only
 * rows that are seen ask, a few at a time, and a growing run not more often than every few seconds.
 */

import { getChannels, getPoints, isServerTrouble } from "./api.ts";
import type { Channel, Run } from "./model.ts";
import type { XY } from "./figure.ts";

export interface Preview {
  channels: Channel[];
  line: XY | null;
}

interface Entry {
  run: () => Run;
  show: (preview: Preview) => void;
  /** Points of the run when it was asked for. */
  points: number;
  asked: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const AT_ONCE = 4;
const EVERY_MS = 4000;
const SPARK_PX = 92;

export class Previews {
  private readonly entries = new Map<Element, Entry>();
  private readonly seen = new Set<Element>();
  private readonly waiting: Entry[] = [];
  private running = 0;
  private readonly sight = new IntersectionObserver((found) => {
    for (const { target, isIntersecting } of found) {
      if (!isIntersecting) this.seen.delete(target);
      else {
        this.seen.add(target);
        this.changed(target);
      }
    }
  }, { rootMargin: "120px" });

  watch(element: Element, run: () => Run, show: (preview: Preview) => void): void {
    this.entries.set(element, { run, show, points: -1, asked: -Infinity, timer: undefined });
    this.sight.observe(element);
  }

  forget(element: Element): void {
    clearTimeout(this.entries.get(element)?.timer);
    this.entries.delete(element);
    this.seen.delete(element);
    this.sight.unobserve(element);
  }

  /** The run of this row may have more to show. */
  changed(element: Element): void {
    const entry = this.entries.get(element);
    if (!entry || !this.seen.has(element) || entry.timer || entry.run().points === entry.points) return;
    const wait = Math.max(0, entry.asked + EVERY_MS - performance.now());
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      this.waiting.push(entry);
      void this.next();
    }, wait);
  }

  private async next(): Promise<void> {
    if (this.running >= AT_ONCE) return;
    const entry = this.waiting.shift();
    if (!entry) return;
    this.running++;
    entry.asked = performance.now();
    entry.points = entry.run().points;
    try {
      entry.show(await fetchPreview(entry.run()));
    } catch (error) {
      entry.points = -1; // a run that was deleted meanwhile, or no server: the row stays without
      if (!isServerTrouble(error)) throw error;
    } finally {
      this.running--;
      void this.next();
    }
  }
}

async function fetchPreview(run: Run): Promise<Preview> {
  if (run.channels === 0) return { channels: [], line: null };
  const channels = await getChannels(run.id);
  const first = channels.find((channel) => channel.type === "NUMERIC");
  if (!first) return { channels, line: null };
  const blocks = await getPoints({ channel: first.id, axis: "x", px: SPARK_PX, range: null });
  const newest = blocks.reduce((a, b) => (b.session > a.session ? b : a), blocks[0]!);
  return { channels, line: newest ? { x: newest.x, y: newest.y } : null };
}
