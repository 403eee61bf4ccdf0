/** The cells on the first page, above the runs, below a heading that folds them away. */

import { h, setText } from "../dom.ts";
import { formatCount } from "../format.ts";
import { icon } from "../icons.ts";
import type { Preferences } from "../prefs.ts";
import type { Toasts } from "../toast.ts";
import { searchField } from "../toolbar.ts";
import { cellInAddress } from "./addresses.ts";
import { CellRoom } from "./room.ts";
import { SEARCH_FROM } from "./section.ts";
import { words } from "./words.ts";

const FOLDED = "home cells";

export class HomeCells {
  readonly element: HTMLElement;
  readonly room: CellRoom;
  /** Whether there are any was asked, and answered as far as it could be. */
  isKnown = false;
  private readonly count = h("span", { class: "count" });
  private readonly field = searchField(words.find, (text) => this.room.find(text), words.findHelp);
  private readonly button = h("button", { type: "button", class: "fold-button", onclick: () => this.turn() },
    icon("right", 13), h("span", {}, words.cells), this.count);
  private readonly heading = h("h2", { class: "cells-title" }, this.button);
  private readonly tools: HTMLElement;

  /** `counted`: there are more or fewer of them, or it is known that there are none. */
  constructor(toasts: Toasts, private readonly prefs: Preferences, private readonly counted: () => void) {
    this.room = new CellRoom({ name: "home", runs: null }, toasts, () => {
      this.fit();
      counted();
    });
    this.tools = h("div", { class: "toolbar" }, this.field, this.room.menu.element);
    this.element = h("section", { class: "home-cells", "aria-label": words.cells, hidden: true },
      h("div", { class: "list-head" }, this.heading, this.tools), this.room.element);
    this.fold(prefs.now.folded.includes(FOLDED));
    window.addEventListener("hashchange", () => this.point());
  }

  async start(): Promise<void> {
    await this.room.start();
    this.isKnown = true;
    this.counted();
    this.point();
  }

  /** `alone`: there is nothing else on the page, so this is its title. */
  show(shown: boolean, alone: boolean): void {
    this.element.hidden = !shown;
    this.heading.setAttribute("aria-level", alone ? "1" : "2");
  }

  /** The cell that the address names is shown, folded away or not. */
  private point(): void {
    const id = cellInAddress();
    if (id === null) return;
    this.fold(false);
    this.room.point(id);
  }

  private fit(): void {
    setText(this.count, formatCount(this.room.count));
    this.field.hidden = this.room.count < SEARCH_FROM;
  }

  private turn(): void {
    const folded = this.button.getAttribute("aria-expanded") === "true";
    this.fold(folded);
    const others = this.prefs.now.folded.filter((one) => one !== FOLDED);
    this.prefs.set("folded", folded ? [...others, FOLDED] : others);
  }

  private fold(folded: boolean): void {
    this.button.setAttribute("aria-expanded", String(!folded));
    this.room.element.hidden = this.tools.hidden = folded;
  }
}
