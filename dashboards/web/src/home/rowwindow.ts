/**
 * Of a long list only the rows in sight, and a few around them; above and below them stands empty
 * room as high as the others would be. The window scrolls, as over any page.
 */

import { h } from "../dom.ts";

export interface Row {
  readonly element: HTMLTableRowElement;
  remove(): void;
}

export interface RowSource<R extends Row> {
  /** How many rows the list has. */
  count(): number;
  /** What the row there shows; null when it is not known yet. */
  key(index: number): string | null;
  /** A new row for what is there. */
  make(index: number): R;
  /** A row that was there before. */
  update(row: R, index: number): void;
  /** These places are in sight, rows around them included. */
  moved(first: number, end: number): void;
}

const AROUND = 10;
/** As high as a row of a table is (runs.css), until one was seen. */
const ROW_PX = 58;

export class RowWindow<R extends Row> {
  readonly body = h("tbody", { class: "rows" });
  readonly parts: readonly HTMLElement[];
  readonly rows = new Map<string, R>();
  first = 0;
  end = 0;
  private readonly above = h("td", {});
  private readonly below = h("td", {});
  private readonly waiting: HTMLTableRowElement[] = [];
  private rowPx = ROW_PX;
  private due = false;

  constructor(private readonly source: RowSource<R>) {
    this.parts = [spaceAround(this.above), this.body, spaceAround(this.below)];
    addEventListener("scroll", () => this.soon(), { passive: true });
    addEventListener("resize", () => this.soon());
  }

  /** In the next frame, once, however often it is asked for. */
  soon(): void {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.draw();
    });
  }

  /** `columns` of the table: the empty room is as wide as all of them. */
  span(columns: number): void {
    for (const cell of [this.above, this.below]) cell.colSpan = columns;
  }

  draw(): void {
    const [wasFirst, wasEnd] = [this.first, this.end];
    this.look();
    this.fill();
    this.measure();
    this.above.style.height = `${this.first * this.rowPx}px`;
    this.below.style.height = `${(this.source.count() - this.end) * this.rowPx}px`;
    if (this.first !== wasFirst || this.end !== wasEnd) this.source.moved(this.first, this.end);
  }

  private look(): void {
    const count = this.source.count();
    const top = this.parts[0]!.getBoundingClientRect().top;
    const clamped = (index: number): number => Math.max(0, Math.min(count, index));
    this.first = clamped(Math.floor(-top / this.rowPx) - AROUND);
    this.end = clamped(Math.ceil((innerHeight - top) / this.rowPx) + AROUND);
    if (this.first === this.end && count > 0) this.first = Math.max(0, this.end - AROUND);
  }

  private fill(): void {
    const kept = new Set<string>();
    let place = this.body.firstElementChild;
    for (let index = this.first, empty = 0; index < this.end; index++) {
      const key = this.source.key(index);
      const isKnown = key !== null && !kept.has(key);
      if (isKnown) kept.add(key);
      const element = isKnown ? this.row(key, index).element : this.emptyRow(empty++);
      if (place === element) place = place.nextElementSibling;
      else this.body.insertBefore(element, place);
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
    for (const [key, row] of this.rows) {
      if (kept.has(key)) continue;
      this.rows.delete(key);
      row.remove();
    }
  }

  private row(key: string, index: number): R {
    const known = this.rows.get(key);
    if (known) {
      this.source.update(known, index);
      return known;
    }
    const made = this.source.make(index);
    this.rows.set(key, made);
    return made;
  }

  private emptyRow(n: number): HTMLTableRowElement {
    const row = (this.waiting[n] ??= h("tr", { class: "row waiting", "aria-hidden": "true" }, h("td", {})));
    (row.firstElementChild as HTMLTableCellElement).colSpan = this.above.colSpan;
    row.style.height = `${this.rowPx}px`;
    return row;
  }

  /** Rows are as high as they are: on a phone, where columns stand below each other, not all the same. */
  private measure(): void {
    const size = this.rows.size;
    if (size === 0 || size < this.end - this.first) return;
    const height = this.body.getBoundingClientRect().height / size;
    if (height > 0) this.rowPx = height;
  }
}

function spaceAround(cell: HTMLElement): HTMLElement {
  return h("tbody", { class: "rows-space", "aria-hidden": "true" }, h("tr", {}, cell));
}
