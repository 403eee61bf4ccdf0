/** Looking for text in console output: how often it is there, and from one place to the next. */

import { fill, h, setText } from "../dom.ts";
import { formatCount } from "../format.ts";
import { icon } from "../icons.ts";
import type { ConsolePage } from "../model.ts";
import { searchField } from "../toolbar.ts";
import { words } from "../words.ts";

/** Numbers of the lines from `first` on that hold the text. */
export type Look = (text: string, first: number, limit: number) => Promise<ConsolePage>;

const TYPING_MS = 180;
const AT_MOST = 10_000;

export class ConsoleFind {
  readonly field = searchField(words.findLines, (text) => this.typed(text), words.findLinesHelp);
  readonly input = this.field.querySelector("input")!;
  private readonly told = h("span", { class: "find-count", role: "status" });
  private readonly previous = stepButton(words.previous, "left", () => this.step(-1));
  private readonly next = stepButton(words.next, "right", () => this.step(1));
  readonly element = h("div", { class: "find" });
  private text = "";
  private numbers: number[] = [];
  private at = -1;
  private hasMore = false;
  private looking = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `marked`: what is looked for, and the line that was come to, -1 for none. */
  constructor(
    private readonly look: Look, private readonly marked: (text: string, line: number) => void,
    private readonly failed: (error: unknown) => void,
  ) {
    fill(this.element, this.field, this.told, this.previous, this.next);
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  /** More lines have come, or others. */
  refresh(anew = false): void {
    if (!this.text) return;
    if (anew) this.numbers = [];
    void this.search(anew);
  }

  private typed(text: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.text = text;
      this.numbers = [];
      void this.search(true);
    }, TYPING_MS);
  }

  private async search(anew: boolean): Promise<void> {
    const mine = ++this.looking;
    if (anew) this.at = -1;
    try {
      const first = this.numbers.length > 0 ? this.numbers.at(-1)! + 1 : 0;
      const page = this.text ? await this.look(this.text, first, AT_MOST) : null;
      if (mine !== this.looking) return;
      this.hasMore = page !== null && page.next !== null;
      this.numbers = [...this.numbers, ...(page?.items ?? []).map((line) => line.number)];
      if (anew) this.at = this.numbers.length - 1; // the newest is what one looks for in a log
      this.show();
      if (anew) this.marked(this.text, this.numbers[this.at] ?? -1);
    } catch (error) {
      this.failed(error);
    }
  }

  private step(by: 1 | -1): void {
    const count = this.numbers.length;
    if (count === 0) return;
    this.at = (this.at + by + count) % count;
    this.show();
    this.marked(this.text, this.numbers[this.at]!);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" || event.key === "F3") {
      event.preventDefault();
      this.step(event.shiftKey ? 1 : -1);
    }
    if (event.key === "Escape") {
      this.input.value = "";
      this.typed("");
    }
  }

  private show(): void {
    const count = this.numbers.length;
    const place = count === 0 ? "0" : `${formatCount(this.at + 1)} / ${formatCount(count)}${this.hasMore ? "+" : ""}`;
    setText(this.told, this.text ? place : "");
    this.told.hidden = this.previous.hidden = this.next.hidden = !this.text;
  }
}

function stepButton(label: string, name: "left" | "right", run: () => void): HTMLElement {
  return h("button", { type: "button", class: "icon-button small", "aria-label": label, title: label, onclick: run }, icon(name, 13));
}
