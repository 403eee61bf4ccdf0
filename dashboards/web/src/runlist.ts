/** The runs that fit the filter: pages of them, fetched as the reader scrolls, kept up to date. */

import { getRuns, isAbort } from "./api.ts";
import { h } from "./dom.ts";
import type { Filter } from "./filter.ts";
import { columnsOf, type Column } from "./home/columns.ts";
import { FigureBoard } from "./home/figureboard.ts";
import { Selection } from "./home/selection.ts";
import { TableHead } from "./home/tablehead.ts";
import type { Run } from "./model.ts";
import { RunRow } from "./runrow.ts";

const PAGE = 60;
const SETTLES_MS = 700;
/** In an order that follows the figures: so often it is looked at anew while they change. */
const REORDER_MS = 5000;
const STILL: ReadonlySet<string> = new Set(["created_at", "name", "project", "experiment", "host"]);

export interface RunListEvents {
  /** `total` runs fit; of them `shown` are in the list. */
  counted(shown: number, total: number): void;
  selected(): void;
  sorted(sort: string): void;
  failed(error: unknown): void;
}

export class RunList {
  readonly element: HTMLElement;
  readonly selection = new Selection(() => [...this.body.children].map((row) => (row as HTMLElement).dataset["run"]!), () => this.selected());
  private readonly head: TableHead;
  private readonly body = h("tbody", { class: "rows" });
  private readonly rows = new Map<string, RunRow>();
  private readonly board = new FigureBoard();
  private readonly end = h("div", { class: "rows-end" });
  private columns: readonly Column[] = [];
  private total = 0;
  private filter: Filter | null = null;
  private loading: AbortController | null = null;
  /** Runs that were pushed while an answer was on its way. */
  private readonly meanwhile = new Map<string, Run | { id: string; deleted: true }>();
  private settle: ReturnType<typeof setTimeout> | undefined;

  private readonly sight = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) void this.more();
  }, { rootMargin: "600px" });

  constructor(private readonly events: RunListEvents) {
    this.head = new TableHead((sort) => events.sorted(sort), (on) => this.selection.turnAll(on));
    this.element = h("div", { class: "table", tabindex: -1 }, h("table", { class: "runs" }, this.head.element, this.body));
    this.sight.observe(this.end);
  }

  /** What stands below the last row: in sight, it asks for more. */
  get sentinel(): HTMLElement {
    return this.end;
  }

  async show(filter: Filter): Promise<void> {
    this.filter = filter;
    this.head.mark(filter.chosen.sort);
    await this.load(0, PAGE);
  }

  /** `first`: before the chosen ones. */
  setColumns(ids: readonly string[], first: readonly Column[] = []): void {
    this.columns = [...first, ...columnsOf(ids)];
    this.head.setColumns(this.columns);
    if (this.filter) this.head.mark(this.filter.chosen.sort);
    for (const row of this.rows.values()) row.setColumns(this.columns);
    this.board.choose([...new Set(this.columns.map((one) => one.channel).filter((one) => one !== null))]);
  }

  /** A run was made or changed, here or elsewhere. */
  take(run: Run | { id: string; deleted: true }): void {
    if (this.loading) this.meanwhile.set(run.id, run);
    const row = this.rows.get(run.id);
    if ("deleted" in run) return this.reloadSoon(SETTLES_MS);
    if (row && this.filter?.fits(run)) {
      row.update(run);
      if (!STILL.has(this.filter.chosen.sort.replace("-", ""))) this.reloadSoon(REORDER_MS);
    } else if (row || this.filter?.fits(run)) this.reloadSoon(SETTLES_MS);
  }

  reload(): Promise<void> {
    return this.load(0, Math.max(PAGE, this.rows.size));
  }

  tick(): void {
    for (const row of this.rows.values()) row.tick();
  }

  private selected(): void {
    for (const row of this.rows.values()) row.showSelected();
    this.head.showSelected(this.selection.extent);
    this.events.selected();
  }

  private async more(): Promise<void> {
    if (this.loading || this.rows.size === 0 || this.rows.size >= this.total) return;
    await this.load(this.rows.size, PAGE);
    // Who scrolls on meanwhile sees the end again without it ever having been out of sight.
    this.sight.unobserve(this.end);
    this.sight.observe(this.end);
  }

  private reloadSoon(wait: number): void {
    this.settle ??= setTimeout(() => {
      this.settle = undefined;
      void this.reload();
    }, wait);
  }

  private async load(offset: number, limit: number): Promise<void> {
    this.loading?.abort();
    const mine = (this.loading = new AbortController());
    this.meanwhile.clear();
    try {
      const page = await getRuns(this.filter!.query(offset, limit), mine.signal);
      this.total = page.total;
      this.put(page.items, offset);
      const pushed = [...this.meanwhile.values()];
      this.loading = null;
      for (const run of pushed) this.take(run); // the answer may be older than they are
      this.events.counted(this.rows.size, page.total);
      this.selected();
    } catch (error) {
      if (!isAbort(error)) this.events.failed(error);
    } finally {
      if (this.loading === mine) this.loading = null;
    }
  }

  private put(runs: readonly Run[], offset: number): void {
    if (offset === 0) this.keepOnly(new Set(runs.map((run) => run.id)));
    runs.forEach((run, i) => {
      const row = this.rows.get(run.id) ?? this.add(run);
      row.update(run);
      const place = this.body.children[offset + i] ?? null;
      if (place !== row.element) this.body.insertBefore(row.element, place);
    });
  }

  private add(run: Run): RunRow {
    const row = new RunRow(run, this.board, this.selection);
    row.setColumns(this.columns);
    this.rows.set(run.id, row);
    return row;
  }

  private keepOnly(ids: ReadonlySet<string>): void {
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      this.rows.delete(id);
      row.remove();
    }
  }
}
