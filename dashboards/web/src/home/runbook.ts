/**
 * The runs that fit the filter, by their place in the list. The server has them in pages; those in
 * sight are fetched, those seen earlier are kept until the order may have changed.
 */

import { getRuns, isAbort } from "../api.ts";
import type { Filter } from "../filter.ts";
import type { Page, Run } from "../model.ts";

export const PAGE = 100;
/** Pages that are kept beside those in sight. */
const MOST_KEPT = 100;

export interface RunBookEvents {
  /** Other runs are in the book. */
  changed(): void;
  failed(error: unknown): void;
}

interface Asking {
  aborter: AbortController;
  done: Promise<void>;
}

export class RunBook {
  /** How many runs fit, also those that nobody has fetched. */
  total = 0;
  private filter: Filter | null = null;
  private pages = new Map<number, Run[]>();
  private readonly stale = new Set<number>();
  private readonly asked = new Map<number, Asking>();
  private readonly places = new Map<string, number>();
  /** Runs that were pushed while an answer was on its way: it may be older than they are. */
  private readonly meanwhile = new Map<string, Run>();

  constructor(private readonly events: RunBookEvents) {}

  at(index: number): Run | null {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  has(run: string): boolean {
    return this.places.has(run);
  }

  /** How many were fetched. */
  get known(): number {
    return this.places.size;
  }

  /** Those that were fetched, in their order, each once. */
  get ids(): string[] {
    const numbers = [...this.pages.keys()].sort((a, b) => a - b);
    return [...new Set(numbers.flatMap((number) => this.pages.get(number)!.map(({ id }) => id)))];
  }

  /** From now on the runs that fit `filter`, from the first one on. */
  async open(filter: Filter, first?: Promise<Page<Run>>): Promise<void> {
    this.filter = filter;
    for (const number of this.pages.keys()) this.stale.add(number);
    this.giveUp(() => true);
    await this.ask(0, true, first);
  }

  /** These places are in sight: what is missing of them is asked for, what no more is given up. */
  async need(first: number, end: number): Promise<void> {
    const numbers = new Set<number>();
    for (let at = Math.floor(first / PAGE); at * PAGE < Math.min(end, this.total); at++) numbers.add(at);
    this.giveUp((number) => !numbers.has(number));
    await Promise.all([...numbers].filter((number) => !this.pages.has(number) || this.stale.has(number)).map((number) => this.ask(number)));
    this.forgetFar(numbers);
  }

  /** The order may have changed: what is in sight is asked for again, the rest when it comes into sight. */
  async reload(first: number, end: number): Promise<void> {
    for (const number of this.pages.keys()) this.stale.add(number);
    this.giveUp(() => true);
    const last = Math.max(Math.floor(first / PAGE), Math.floor((end - 1) / PAGE));
    for (let at = Math.floor(first / PAGE); at <= last; at++) await this.ask(at);
  }

  /** What a push told of a run that is here. */
  put(run: Run): void {
    if (this.asked.size > 0) this.meanwhile.set(run.id, run);
    const at = this.places.get(run.id);
    const page = at === undefined ? undefined : this.pages.get(Math.floor(at / PAGE));
    if (page?.[at! % PAGE]?.id === run.id) page[at! % PAGE] = run;
  }

  private ask(number: number, alone = false, asked?: Promise<Page<Run>>): Promise<void> {
    const known = this.asked.get(number);
    if (known) return known.done;
    const aborter = new AbortController();
    const asking: Asking = { aborter, done: this.fetch(number, aborter, alone, asked) };
    this.asked.set(number, asking);
    return asking.done;
  }

  private async fetch(number: number, aborter: AbortController, alone: boolean, asked?: Promise<Page<Run>>): Promise<void> {
    try {
      const { items, total } = await (asked ?? getRuns(this.filter!.query(number * PAGE, PAGE), aborter.signal));
      if (aborter.signal.aborted) return;
      this.take(number, items, total, alone);
      this.events.changed();
    } catch (error) {
      if (!isAbort(error)) this.events.failed(error);
    } finally {
      if (this.asked.get(number)?.aborter === aborter) this.asked.delete(number);
      if (this.asked.size === 0) this.meanwhile.clear();
    }
  }

  /** `alone`: what is known besides belongs to another list. */
  private take(number: number, items: readonly Run[], total: number, alone: boolean): void {
    if (alone) {
      this.pages.clear();
      this.places.clear();
      this.stale.clear();
    } else if (total !== this.total) for (const other of this.pages.keys()) this.stale.add(other);
    this.total = total;
    for (const other of this.pages.keys()) if (other * PAGE >= total) this.drop(other);
    this.drop(number);
    this.stale.delete(number);
    this.pages.set(number, items.map((run) => this.meanwhile.get(run.id) ?? run));
    items.forEach(({ id }, i) => this.places.set(id, number * PAGE + i));
  }

  private drop(number: number): void {
    this.pages.get(number)?.forEach(({ id }, i) => {
      if (this.places.get(id) === number * PAGE + i) this.places.delete(id);
    });
    this.pages.delete(number);
  }

  private forgetFar(near: ReadonlySet<number>): void {
    for (const number of this.pages.keys()) {
      if (this.pages.size <= MOST_KEPT) return;
      if (!near.has(number)) this.drop(number);
    }
  }

  private giveUp(isOver: (number: number) => boolean): void {
    for (const [number, { aborter }] of this.asked) {
      if (!isOver(number)) continue;
      aborter.abort();
      this.asked.delete(number);
    }
  }
}
