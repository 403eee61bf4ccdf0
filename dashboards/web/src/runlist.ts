/** The runs that fit the filter: those in sight, fetched as the reader scrolls, kept up to date. */

import { h } from "./dom.ts";
import type { Filter } from "./filter.ts";
import { columnsOf, type Column } from "./home/columns.ts";
import { FigureBoard } from "./home/figureboard.ts";
import { RunBook } from "./home/runbook.ts";
import { RowWindow } from "./home/rowwindow.ts";
import { Selection } from "./home/selection.ts";
import { TableHead } from "./home/tablehead.ts";
import type { Page, Run } from "./model.ts";
import { FIXED_COLUMNS, RunRow } from "./runrow.ts";

const SETTLES_MS = 700;
/** In an order that follows the figures: so often it is looked at anew while they change. */
const REORDER_MS = 5000;
/** A run made so recently may not be in the list that is shown. */
const NEW_MS = 10_000;
const PASSING_MS = 60;
const STILL: ReadonlySet<string> = new Set(["created_at", "name", "project", "experiment", "host"]);
/** Widths of columns, in pixels: rows that come and go must not move them. */
const FIXED_PX = 740;
const NUMBER_PX = 124;
const TEXT_PX = 170;

type Told = Run | { id: string; deleted: true };

export interface RunListEvents {
  /** So many runs fit. */
  counted(total: number): void;
  selected(): void;
  sorted(sort: string): void;
  failed(error: unknown): void;
}

export class RunList {
  readonly element: HTMLElement;
  readonly selection = new Selection(() => this.book.ids, () => this.selected());
  private readonly book: RunBook;
  private readonly window: RowWindow<RunRow>;
  private readonly head: TableHead;
  private readonly table: HTMLElement;
  private readonly board = new FigureBoard();
  private columns: readonly Column[] = [];
  private filter: Filter | null = null;
  /** Told since the last browser frame, the newest of each run. */
  private readonly told = new Map<string, Told>();
  private looking: ReturnType<typeof setTimeout> | undefined;
  private settle: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: RunListEvents) {
    this.book = new RunBook({ changed: () => this.changed(), failed: (error) => events.failed(error) });
    this.window = new RowWindow({
      count: () => this.book.total,
      key: (index) => this.book.at(index)?.id ?? null,
      make: (index) => this.row(this.book.at(index)!),
      update: (row, index) => row.update(this.book.at(index)!),
      moved: () => this.look(),
    });
    this.head = new TableHead((sort) => events.sorted(sort), (on) => this.selection.turnAll(on));
    this.table = h("table", { class: "runs" }, this.head.element, ...this.window.parts);
    this.element = h("div", { class: "table", tabindex: -1 }, this.table);
  }

  /** `first`: its first page, where somebody asked for it already. */
  async show(filter: Filter, first?: Promise<Page<Run>>): Promise<void> {
    this.filter = filter;
    this.head.mark(filter.chosen.sort);
    await this.book.open(filter, first);
  }

  /** `first`: before the chosen ones. */
  setColumns(ids: readonly string[], first: readonly Column[] = []): void {
    this.columns = [...first, ...columnsOf(ids)];
    this.head.setColumns(this.columns);
    if (this.filter) this.head.mark(this.filter.chosen.sort);
    const widths = this.columns.map(({ isNumber }) => (isNumber ? NUMBER_PX : TEXT_PX));
    this.table.style.minWidth = `${widths.reduce((sum, one) => sum + one, FIXED_PX)}px`;
    this.window.span(FIXED_COLUMNS + this.columns.length);
    for (const row of this.window.rows.values()) row.setColumns(this.columns);
    this.board.choose([...new Set(this.columns.map((one) => one.channel).filter((one) => one !== null))]);
  }

  /** A run was made or changed, here or elsewhere; thousands at once are one change. */
  take(run: Told): void {
    if (this.told.size === 0) requestAnimationFrame(() => this.takeAll());
    this.told.set(run.id, run);
  }

  /** What is in sight, asked for again. */
  reload(): Promise<void> {
    clearTimeout(this.settle);
    this.settle = undefined;
    return this.book.reload(this.window.first, Math.max(this.window.first + 1, this.window.end));
  }

  tick(): void {
    for (const row of this.window.rows.values()) row.tick();
  }

  private takeAll(): void {
    let wait = Infinity;
    for (const run of this.told.values()) wait = Math.min(wait, this.takeOne(run));
    this.told.clear();
    this.window.soon();
    if (wait < Infinity) this.settle ??= setTimeout(() => void this.reload(), wait);
  }

  /** After how long the list is to be asked for again, Infinity when it stays as it is. */
  private takeOne(run: Told): number {
    if ("deleted" in run) {
      this.selection.forget(run.id);
      return SETTLES_MS;
    }
    const isHere = this.book.has(run.id);
    const fits = !!this.filter?.fits(run);
    if (!fits) this.selection.forget(run.id);
    this.book.put(run);
    const order = this.filter?.chosen.sort.replace("-", "") ?? "";
    if (isHere && fits) return STILL.has(order) ? Infinity : REORDER_MS;
    if (isHere) return SETTLES_MS;
    if (!fits) return Infinity;
    // One that was not fetched is new in this list, or lies further down.
    const isNew = this.book.known >= this.book.total || Date.now() - Date.parse(run.created_at) < NEW_MS;
    return isNew ? SETTLES_MS : REORDER_MS;
  }

  /** Who scrolls fast passes places that nobody needs. */
  private look(): void {
    this.looking ??= setTimeout(() => {
      this.looking = undefined;
      void this.book.need(this.window.first, this.window.end);
    }, PASSING_MS);
  }

  private changed(): void {
    this.window.draw();
    void this.book.need(this.window.first, this.window.end);
    this.events.counted(this.book.total);
    this.selected();
  }

  private selected(): void {
    for (const row of this.window.rows.values()) row.showSelected();
    this.head.showSelected(this.selection.extent);
    this.events.selected();
  }

  private row(run: Run): RunRow {
    const row = new RunRow(run, this.board, this.selection);
    row.setColumns(this.columns);
    row.update(run);
    row.showSelected();
    return row;
  }
}
