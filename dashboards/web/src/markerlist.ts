/** Markers that the run has set, newest first: what happened, and at which step. */

import { fill, h } from "./dom.ts";
import { formatMoment, formatStep } from "./format.ts";
import { isoOf, numberOf, type Marker } from "./model.ts";
import { strings } from "./strings.ts";
import { words } from "./words.ts";

/** More would make the panel long; charts show all of them. */
const AT_MOST = 200;
const LEVELS: ReadonlySet<string> = new Set(["info", "warning", "error"]);

export class MarkerList {
  private readonly list = h("ol", { class: "markers" });
  readonly element = h("section", { hidden: true }, h("h3", {}, words.markers), this.list);

  show(markers: readonly Marker[]): void {
    this.element.hidden = markers.length === 0;
    fill(this.list, ...markers.slice(-AT_MOST).reverse().map(item));
  }
}

function item({ x, wall, text, level }: Marker): HTMLElement {
  const at = isoOf(wall);
  return h("li", { "data-level": LEVELS.has(level) ? level : "info" },
    h("span", { class: "marker-text" }, text),
    h("span", { class: "marker-at", title: at }, `${strings.step} ${formatStep(numberOf(x)!)} · ${formatMoment(at)}`));
}
