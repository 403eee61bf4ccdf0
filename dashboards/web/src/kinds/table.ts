/** TABLE: sorted by a click, filtered by typing; of a long one only the rows in sight are there. */

import { fill, h, setText } from "../dom.ts";
import { getBlobText } from "../entries/api.ts";
import type { Body, BlobRef, TableBody } from "../entries/bodies.ts";
import type { Pane } from "../entries/panes.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import type { MenuItem } from "../menu.ts";
import { saveFile } from "../save.ts";
import { searchField } from "../toolbar.ts";
import { arranged, cellText, csvOf, isNumeric, type Order, type Row } from "./rows.ts";

const ROW_PX = 30;
/** Rows beyond the edges that are there already. */
const AHEAD = 12;
const LETTER_PX = 7.4;
const MEASURED = 200;

export class TableKind implements PaneKind {
  readonly tools = [];

  viewer(pane: Pane): Viewer {
    return new TableViewer(pane.name);
  }
}

class TableViewer implements Viewer {
  readonly element: HTMLElement;
  private columns: readonly string[] = [];
  private rows: readonly Row[] = [];
  private shown: readonly Row[] = [];
  private numeric: readonly boolean[] = [];
  private order: Order | null = null;
  private text = "";
  private drawn = "";
  private readonly sizes = h("colgroup", {});
  private readonly head = h("tr", {});
  private readonly lines = h("tbody", {});
  private readonly count = h("output", { class: "table-count faint" });
  private readonly room: HTMLElement;
  private readonly find = searchField(words.filterRows, (text) => {
    this.text = text;
    this.arrange();
  });

  constructor(private readonly name: string) {
    this.room = h("div", { class: "table-room", tabindex: 0, onscroll: () => this.draw() },
      h("table", { class: "data-table" }, this.sizes, h("thead", {}, this.head), this.lines));
    this.element = h("div", { class: "table-view" },
      h("div", { class: "table-head" }, this.find, this.count), this.room);
    new ResizeObserver(() => this.draw()).observe(this.room);
  }

  async show(body: Body, _: Place, signal: AbortSignal): Promise<void> {
    const { columns, rows, blob } = body as unknown as TableBody;
    const whole = rows ?? (JSON.parse(await getBlobText(blob as BlobRef, signal)) as TableBody).rows;
    if (signal.aborted) return;
    const sameColumns = columns.join("\n") === this.columns.join("\n");
    this.columns = columns.map(String);
    this.rows = whole ?? [];
    this.numeric = columns.map((_name, i) => isNumeric(this.rows, i));
    if (!sameColumns) this.order = null;
    this.measure();
    this.arrange();
  }

  exports(): readonly MenuItem[] {
    return [
      { label: words.copyCsv, run: () => void navigator.clipboard.writeText(this.csv()) },
      { label: words.saveCsv(this.name), run: () => saveFile(`${this.name}.csv`, new Blob([this.csv()], { type: "text/csv" })) },
    ];
  }

  /** As it is shown: filtered and sorted. */
  private csv(): string {
    return csvOf(this.columns, this.shown);
  }

  private measure(): void {
    const some = this.rows.slice(0, MEASURED);
    fill(this.sizes, ...this.columns.map((name, i) => {
      const letters = Math.max(name.length + 2, ...some.map((row) => cellText(row[i]).length));
      const size = h("col", {});
      size.style.width = `${Math.min(360, Math.max(64, letters * LETTER_PX + 24))}px`;
      return size;
    }));
  }

  private arrange(): void {
    this.shown = arranged(this.rows, this.text, this.order);
    setText(this.count, words.rowCount(this.shown.length, this.rows.length));
    this.find.hidden = this.rows.length < 2;
    this.drawHead();
    this.drawn = "";
    this.draw();
  }

  private drawHead(): void {
    fill(this.head, ...this.columns.map((name, i) => {
      const sorted = this.order?.column === i ? (this.order.descending ? "descending" : "ascending") : "none";
      return h("th", { scope: "col", "aria-sort": sorted, class: this.numeric[i] ? "number" : null },
        h("button", { type: "button", title: words.sortBy(name), onclick: () => this.sort(i) }, name));
    }));
  }

  /** Up, down, as sent. */
  private sort(column: number): void {
    if (this.order?.column !== column) this.order = { column, descending: false };
    else this.order = this.order.descending ? null : { column, descending: true };
    this.arrange();
    this.head.children[column]?.querySelector("button")?.focus();
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.room.scrollTop / ROW_PX) - AHEAD);
    const end = Math.min(this.shown.length, first + Math.ceil((this.room.clientHeight || 300) / ROW_PX) + 2 * AHEAD);
    if (this.drawn === `${first} ${end}`) return;
    this.drawn = `${first} ${end}`;
    const rows = this.shown.slice(first, end).map((row, i) => this.line(row, first + i));
    if (rows.length === 0) rows.push(h("tr", {}, h("td", { class: "faint", colspan: this.columns.length || 1 }, words.noRows)));
    fill(this.lines, gap(first), ...rows, gap(this.shown.length - end));
  }

  private line(row: Row, at: number): HTMLTableRowElement {
    return h("tr", { "aria-rowindex": at + 2 }, ...this.columns.map((_, i) => {
      const text = cellText(row[i]);
      return h("td", { class: this.numeric[i] ? "number" : null, title: text.length > 24 ? text.slice(0, 2000) : null }, text.slice(0, 500));
    }));
  }
}

/** The room of rows that are not there. */
function gap(rows: number): HTMLElement | null {
  if (rows <= 0) return null;
  const space = h("tr", { class: "table-gap", "aria-hidden": "true" }, h("td", {}));
  space.style.height = `${rows * ROW_PX}px`;
  return space;
}
