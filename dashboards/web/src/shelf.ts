/**
 * A stretch of the charts of a group: as high as they would be, and empty until it comes near. What
 * is far away is so neither built nor laid out, however many charts a run has.
 */

import { h } from "./dom.ts";
import type { Slot } from "./slot.ts";

/** Full rows, in however many columns up to six. */
export const SHELF = 60;
/** As charts are laid out in card.css: their least width, the height of one that is empty, the room between two. */
const COLUMN_PX = 400;
const ROW_PX = 296;
const GAP_PX = 14;

export class Shelf {
  readonly element = h("div", { class: "grid" });
  private slots: readonly Slot[] = [];
  private filled = false;

  /** Show these, in this order; one that is in its place is left there, with the focus in it. */
  put(slots: readonly Slot[]): void {
    this.slots = slots;
    if (this.filled) this.fill();
  }

  /** Near enough to be built; once more changes nothing. */
  fill(): void {
    this.filled = true;
    this.element.style.height = "";
    let place = this.element.firstElementChild;
    for (const { element } of this.slots) {
      if (place === element) place = place.nextElementSibling;
      else this.element.insertBefore(element, place);
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
  }

  /** While it is empty, in a page so wide. */
  reserve(width: number): void {
    if (!this.filled) this.element.style.height = `${heightOf(this.slots.length, width)}px`;
  }
}

/** Of so many charts that nobody has built. */
export function heightOf(charts: number, width: number): number {
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (COLUMN_PX + GAP_PX)));
  const rows = Math.ceil(charts / columns);
  return rows * ROW_PX + Math.max(0, rows - 1) * GAP_PX;
}
