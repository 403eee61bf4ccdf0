/** Markers of the run over a plot: a flag on each line, whose text shows when the reader comes near. */

import { fill, h } from "./dom.ts";
import type { Figure } from "./figure.ts";
import type { PlacedMarker } from "./markers.ts";
import { strings } from "./strings.ts";

/** Flags that lie closer are one. */
const APART_PX = 9;
const NEAR_PX = 5;
/** Of one flag so many texts are shown; of so many flags each can be reached by keyboard. */
const MOST_TEXTS = 6;
const MOST_STOPS = 20;
const TEXT_WIDTH = 240;
const LEVELS = ["stage", "info", "warning", "error"];

export interface Flag {
  pixel: number;
  level: string;
  texts: string[];
}

/** Flags for the `markers` (by x) that lie between `left` and `right`, in pixels. */
export function flagsOf(
  markers: readonly PlacedMarker[], pixelOf: (x: number) => number, left: number, right: number,
): Flag[] {
  const flags: Flag[] = [];
  for (const { x, text, level } of markers) {
    const pixel = pixelOf(x);
    if (!(pixel >= left - 0.5 && pixel <= right + 0.5)) continue;
    const last = flags.at(-1);
    if (last && pixel - last.pixel < APART_PX) {
      last.texts.push(text);
      if (LEVELS.indexOf(level) > LEVELS.indexOf(last.level)) last.level = level;
    } else flags.push({ pixel, level, texts: [text] });
  }
  return flags;
}

export class Flags {
  readonly element = h("div", { class: "flags" });
  private readonly row = h("div", {});
  private readonly text = h("div", { class: "flag-text", role: "tooltip", hidden: true });
  private flags: Flag[] = [];
  private drawn = "";
  private focused: Flag | null = null;

  constructor() {
    this.element.append(this.row, this.text);
  }

  show(figure: Figure, markers: readonly PlacedMarker[]): void {
    const { left, top, width } = figure.frame;
    this.flags = flagsOf(markers, (x) => figure.pixelOfX(x), left, left + width);
    const drawn = JSON.stringify([top, this.flags]);
    if (drawn === this.drawn) return; // a live chart must not take the focus from a flag
    this.drawn = drawn;
    this.focused = null;
    this.element.style.top = `${top}px`;
    fill(this.row, ...this.flags.map((flag) => this.button(flag)));
    this.near(null);
  }

  /** The reader points here, or nowhere. */
  near(pixel: number | null): void {
    const close = (flag: Flag): boolean => pixel !== null && Math.abs(flag.pixel - pixel) <= NEAR_PX;
    this.say(this.flags.find(close) ?? this.focused);
  }

  private button(flag: Flag): HTMLElement {
    const button = h("button", {
      type: "button", class: "flag", "data-level": flag.level, "aria-label": textsOf(flag).join("; "),
      tabindex: this.flags.length > MOST_STOPS ? -1 : 0,
      onpointerdown: (event: PointerEvent) => event.stopPropagation(),
      onpointerenter: () => this.say(flag),
    });
    button.style.transform = `translateX(${Math.round(flag.pixel)}px)`;
    button.addEventListener("focus", () => this.say((this.focused = flag)));
    button.addEventListener("blur", () => this.say((this.focused = null)));
    return button;
  }

  private say(flag: Flag | null): void {
    this.text.hidden = flag === null;
    if (!flag) return;
    fill(this.text, ...textsOf(flag).map((text) => h("div", {}, text)));
    this.text.dataset["level"] = flag.level;
    const room = this.element.clientWidth - flag.pixel;
    const before = room < TEXT_WIDTH;
    this.text.style.transform = `translateX(${Math.round(flag.pixel) + (before ? -8 : 8)}px)${before ? " translateX(-100%)" : ""}`;
  }
}

function textsOf({ texts }: Flag): string[] {
  const more = texts.length - MOST_TEXTS;
  return more > 0 ? [...texts.slice(0, MOST_TEXTS), strings.moreMarkers(more)] : texts;
}
