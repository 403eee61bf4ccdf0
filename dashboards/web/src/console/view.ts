/** Lines as a scrolled window over them: only those in sight are elements. */

import { h } from "../dom.ts";
import { icon } from "../icons.ts";
import type { ConsoleLine } from "../model.ts";
import { words } from "../words.ts";
import { Row } from "./row.ts";
import { isTrouble } from "./trouble.ts";

const ROW_PX = 20;
const AROUND = 15;
/** Browsers cut elements that are taller. */
const TALLEST_PX = 16_000_000;

export interface Lines {
  readonly length: number;
  line(number: number): ConsoleLine | undefined;
  want(first: number, last: number): void;
}

export class ConsoleView {
  private readonly space = h("div", { class: "console-space" });
  private readonly port = h("div", { class: "console-port", tabindex: 0, role: "region", "aria-label": words.output }, this.space);
  private readonly toEnd = h("button", {
    type: "button", class: "button small to-end", hidden: true, onclick: () => this.follow(),
  }, icon("down", 12), words.follow);
  readonly element = h("div", { class: "console" }, this.port, this.toEnd);
  private readonly rows = new Map<number, Row>();
  private following = true;
  private lastTop = 0;
  private due = 0;
  private wanted = "";
  private current = -1;

  constructor(private readonly lines: Lines) {
    this.port.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.port);
  }

  get isFollowing(): boolean {
    return this.following;
  }

  /** Draw with the next frame. */
  draw(): void {
    if (this.due === 0) this.due = requestAnimationFrame(() => this.paint());
  }

  /** Forget the lines: they are another writer's. */
  clear(): void {
    for (const row of this.rows.values()) row.element.remove();
    this.rows.clear();
    this.follow();
  }

  /** The end stays in sight from now on. */
  follow(): void {
    this.following = true;
    this.draw();
  }

  showTimes(shown: boolean): void {
    this.element.classList.toggle("with-times", shown);
  }

  /** What is looked for, and the line that stands at. */
  mark(wanted: string, current: number): void {
    this.wanted = wanted;
    this.current = current;
    if (current >= 0) {
      this.following = false;
      const top = current * ROW_PX - this.first * ROW_PX;
      const { scrollTop, clientHeight } = this.port;
      if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) this.port.scrollTop = top - clientHeight / 2;
    }
    this.draw();
  }

  /** The first line that can be scrolled to: of millions only the last ones fit an element. */
  private get first(): number {
    return Math.max(0, this.lines.length - Math.floor(TALLEST_PX / ROW_PX));
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.port;
    if (scrollTop < this.lastTop - 1) this.following = false;
    else if (scrollTop + clientHeight >= scrollHeight - ROW_PX) this.following = true;
    this.lastTop = scrollTop;
    this.draw();
  }

  private paint(): void {
    this.due = 0;
    const { clientHeight } = this.port;
    if (clientHeight === 0) return; // out of sight
    const { length } = this.lines;
    this.space.style.height = `${(length - this.first) * ROW_PX}px`;
    if (this.following) {
      this.port.scrollTop = this.port.scrollHeight;
      this.lastTop = this.port.scrollTop;
    }
    this.toEnd.hidden = this.following;
    const top = Math.floor(this.port.scrollTop / ROW_PX) + this.first;
    const from = Math.max(this.first, top - AROUND);
    const to = Math.min(length - 1, top + Math.ceil(clientHeight / ROW_PX) + AROUND);
    if (to < from) return;
    this.lines.want(from, to);
    this.place(from, to);
  }

  private place(from: number, to: number): void {
    for (const [number, row] of this.rows) {
      if (number >= from && number <= to) continue;
      row.element.remove();
      this.rows.delete(number);
    }
    let before: Element | null = null;
    for (let number = to; number >= from; number--) {
      const row: Row = this.rows.get(number) ?? this.add(number, before);
      row.show(this.lines.line(number), this.wanted, number === this.current, isTrouble(number, (n) => this.lines.line(n)));
      before = row.element;
    }
  }

  private add(number: number, before: Element | null): Row {
    const row = new Row(number, (number - this.first) * ROW_PX);
    this.rows.set(number, row);
    this.space.insertBefore(row.element, before);
    return row;
  }
}
