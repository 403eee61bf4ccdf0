/** Charts that belong together, below a heading that folds them away; built when it comes near. */

import { h, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import { icon } from "./icons.ts";
import { heightOf, SHELF, Shelf } from "./shelf.ts";
import type { Slot } from "./slot.ts";

/** As high as a heading is (sections.css). */
const HEAD_PX = 44;

export interface GroupEvents {
  folded(folded: boolean): void;
  /** Another shelf, which is filled when it comes near. */
  shelf(shelf: Shelf): void;
}

export class Group {
  readonly element: HTMLElement;
  private readonly cells = h("div", { class: "shelves" });
  private readonly shelves: Shelf[] = [];
  private head: { count: HTMLElement; button: HTMLElement } | null = null;
  private slots: readonly Slot[] = [];
  private shown: readonly Slot[] = [];
  private total = 0;
  private built = false;

  constructor(readonly name: string, private folded: boolean, private readonly events: GroupEvents) {
    this.element = h("section", { class: "group", "aria-label": name || null });
    if (name === "") this.folded = false;
  }

  /** Show these, in this order. */
  put(slots: readonly Slot[]): void {
    this.slots = slots;
  }

  /** After a search: the group is as large as what is left of it. Of `total` charts on the page; `width`: of the page. */
  arrange(total: number, width: number): void {
    this.total = total;
    this.shown = this.slots.filter((slot) => slot.found);
    this.element.hidden = this.shown.length === 0;
    if (this.built) this.show(width);
    else this.element.style.height = `${(this.name ? HEAD_PX : 0) + (this.folded ? 0 : heightOf(this.shown.length, width))}px`;
  }

  /** Near enough to be built. */
  build(width: number): void {
    if (this.built) return;
    this.built = true;
    this.element.style.height = "";
    if (this.name !== "") this.element.append(this.heading());
    this.element.append(this.cells);
    this.fold(this.folded);
    this.show(width);
  }

  /** At once, with its first charts; how many these are. */
  buildAll(width: number): number {
    if (this.shown.length === 0) return 0;
    this.build(width);
    if (this.folded) return 1;
    this.shelves[0]?.fill();
    return Math.min(SHELF, this.shown.length);
  }

  private show(width: number): void {
    const needed = Math.ceil(this.shown.length / SHELF);
    while (this.shelves.length < needed) this.add();
    for (const shelf of this.shelves.splice(needed)) {
      shelf.put([]);
      shelf.element.remove();
    }
    this.shelves.forEach((shelf, i) => {
      shelf.put(this.shown.slice(i * SHELF, (i + 1) * SHELF));
      shelf.reserve(width);
      shelf.element.dataset["count"] = String(Math.min(this.total, 5));
      shelf.element.dataset["odd"] = String(this.shown.length % 2 === 1);
    });
    if (this.head) setText(this.head.count, formatCount(this.shown.length));
  }

  private add(): void {
    const shelf = new Shelf();
    this.shelves.push(shelf);
    this.cells.append(shelf.element);
    this.events.shelf(shelf);
  }

  private heading(): HTMLElement {
    const count = h("span", { class: "group-count" });
    const button = h("button", { type: "button", class: "group-button", onclick: () => this.turn() },
      icon("right", 13), h("span", { class: "group-name" }, this.name), count);
    this.head = { count, button };
    return h("h2", { class: "group-head" }, button);
  }

  private turn(): void {
    this.fold(!this.folded);
    this.events.folded(this.folded);
  }

  private fold(folded: boolean): void {
    this.folded = folded;
    this.head?.button.setAttribute("aria-expanded", String(!folded));
    this.cells.hidden = folded;
  }
}
