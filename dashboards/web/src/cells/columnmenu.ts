/** In how many columns the cells stand, drawn as it will look; and back to as it was at first. */

import { h, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { MOST_COLUMNS } from "./arrangement.ts";
import { words } from "./words.ts";

export interface ColumnEvents {
  choose(columns: number): void;
  reset(): void;
}

export class ColumnMenu {
  readonly element: HTMLElement;
  private readonly word = h("span", { class: "column-word" });
  private readonly button: HTMLButtonElement;
  private readonly choices: readonly HTMLButtonElement[];
  private readonly reset: HTMLButtonElement;
  private readonly panel: HTMLElement;

  constructor(events: ColumnEvents) {
    this.choices = Array.from({ length: MOST_COLUMNS }, (_, i) => this.choice(i + 1, events));
    this.reset = h("button", { type: "button", class: "button quiet small", onclick: () => this.takeBack(events) }, words.reset);
    this.panel = h("div", { class: "menu-list column-panel", hidden: true },
      h("div", { class: "column-choices", role: "group", "aria-label": words.columns }, ...this.choices), this.reset);
    this.button = h("button", {
      type: "button", class: "button", "aria-expanded": "false", onclick: () => this.turn(this.panel.hidden !== false),
    }, icon("columns", 14), this.word, h("span", { class: "arrangement-word" }, words.arrangement));
    this.element = h("div", { class: "menu column-menu", hidden: true }, this.button, this.panel);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.turn(false);
    });
  }

  /** `isArranged`: there is something to take back. */
  show(columns: number, isArranged: boolean): void {
    setText(this.word, words.columnCount(columns));
    this.choices.forEach((choice, i) => choice.setAttribute("aria-pressed", String(i + 1 === columns)));
    this.reset.disabled = !isArranged;
    this.element.classList.toggle("arranged", isArranged);
  }

  /** Where columns can't be chosen the menu goes with what it took back. */
  private takeBack(events: ColumnEvents): void {
    this.turn(false);
    events.reset();
  }

  private choice(columns: number, events: ColumnEvents): HTMLButtonElement {
    const bars = Array.from({ length: columns }, () => h("span", {}));
    return h("button", {
      type: "button", class: "column-choice", "aria-label": words.columnCount(columns), title: words.columnCount(columns),
      onclick: () => events.choose(columns),
    }, h("span", { class: "column-bars", "aria-hidden": "true" }, ...bars));
  }

  private turn(open: boolean): void {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.panel.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Escape" && !this.panel.hidden) {
      event.stopPropagation();
      this.turn(false);
      this.button.focus();
    }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.choices.indexOf(document.activeElement as HTMLButtonElement);
    if (step && at >= 0) this.choices[at + step]?.focus();
  }
}
