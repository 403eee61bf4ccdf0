/** A card over the whole window, and back. */

import { fill, h } from "./dom.ts";
import { icon } from "./icons.ts";
import { strings } from "./strings.ts";

export class Enlarge {
  readonly button = h("button", { type: "button", class: "icon-button small" });
  private readonly backdrop = h("div", { class: "large-backdrop", onclick: () => this.turn(false) });
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.turn(false);
  };

  /** `turning` hears it before it is so. */
  constructor(private readonly card: () => HTMLElement, private readonly turning: (large: boolean) => void = () => undefined) {
    this.button.addEventListener("click", () => this.turn(!this.isLarge));
    this.draw(false);
  }

  get isLarge(): boolean {
    return this.card().classList.contains("large");
  }

  turn(large: boolean): void {
    this.turning(large);
    this.card().classList.toggle("large", large);
    document.body.classList.toggle("has-large", large);
    this.draw(large);
    if (large) {
      document.addEventListener("keydown", this.onKey);
      document.body.append(this.backdrop);
    } else {
      document.removeEventListener("keydown", this.onKey);
      this.backdrop.remove();
    }
  }

  private draw(large: boolean): void {
    fill(this.button, icon(large ? "shrink" : "enlarge", 14));
    this.button.title = large ? strings.shrink : strings.enlarge;
    this.button.setAttribute("aria-label", this.button.title);
  }
}
