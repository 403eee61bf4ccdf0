/** Charts that belong together, below a heading that folds them away. */

import { h, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import { icon } from "./icons.ts";
import type { Slot } from "./slot.ts";

export class Group {
  readonly cells = h("div", { class: "grid" });
  readonly element: HTMLElement;
  private readonly count = h("span", { class: "group-count" });
  private readonly button: HTMLButtonElement;
  private readonly head: HTMLElement;
  private slots: readonly Slot[] = [];

  constructor(readonly name: string, folded: boolean, private readonly folding: (folded: boolean) => void) {
    this.button = h("button", { type: "button", class: "group-button", onclick: () => this.turn() },
      icon("right", 13), h("span", { class: "group-name" }, name), this.count);
    this.head = h("h2", { class: "group-head", hidden: name === "" }, this.button);
    this.element = h("section", { class: "group", "aria-label": name || null }, this.head, this.cells);
    this.fold(folded && name !== "");
  }

  /** Show these, in this order; one that is in its place is left there, with the focus in it. */
  put(slots: readonly Slot[]): void {
    this.slots = slots;
    slots.forEach((slot, i) => {
      const place = this.cells.children[i] ?? null;
      if (place !== slot.element) this.cells.insertBefore(slot.element, place);
    });
  }

  /** After a search: the group is as large as what is left of it. */
  arrange(total: number): void {
    const shown = this.slots.filter((slot) => !slot.element.hidden).length;
    this.element.hidden = shown === 0;
    setText(this.count, formatCount(shown));
    this.cells.dataset["count"] = String(Math.min(total, 5));
    this.cells.dataset["odd"] = String(shown % 2 === 1);
  }

  private turn(): void {
    const folded = this.button.getAttribute("aria-expanded") === "true";
    this.fold(folded);
    this.folding(folded);
  }

  private fold(folded: boolean): void {
    this.button.setAttribute("aria-expanded", String(!folded));
    this.cells.hidden = folded;
  }
}
