/** A line of console output as it is shown. */

import { fill, h } from "../dom.ts";
import type { ConsoleLine } from "../model.ts";
import { words } from "../words.ts";

const two = (n: number, digits = 2): string => String(n).padStart(digits, "0");

/** Colours and cursor moves for terminals, and what else has no shape. */
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

export const plainText = (text: string): string => text.replace(ESCAPES, "");

/** The parts of `text`: whether each is what was looked for, in any case. */
export function marked(text: string, wanted: string): [part: string, found: boolean][] {
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  if (!needle || lower.length !== text.length) return [[text, false]]; // some letters are longer in lower case
  const parts: [string, boolean][] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    parts.push([text.slice(from, at), false], [text.slice(at, at + needle.length), true]);
    from = at + needle.length;
  }
  parts.push([text.slice(from), false]);
  return parts.filter(([part]) => part !== "");
}

/** 15:04:05.678, in the reader's time. */
export function clockOf(wall: number): string {
  const at = new Date(wall / 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

export class Row {
  readonly element = h("div", { class: "console-line" });
  private shown: ConsoleLine | null | undefined = null;
  private wanted = "";

  constructor(readonly number: number, top: number) {
    this.element.style.top = `${top}px`;
  }

  /** undefined: it has not come yet. */
  show(line: ConsoleLine | undefined, wanted: string, isCurrent: boolean, isTrouble: boolean): void {
    this.element.classList.toggle("trouble", isTrouble);
    this.element.classList.toggle("current", isCurrent);
    if (line === this.shown && wanted === this.wanted) return;
    this.shown = line;
    this.wanted = wanted;
    const error = line?.stream === "stderr";
    this.element.dataset["stream"] = line?.stream ?? "";
    fill(this.element,
      h("span", { class: "console-number", "aria-hidden": "true" }, String(this.number + 1)),
      h("span", { class: "console-time" }, line ? clockOf(line.wall) : ""),
      h("span", { class: "console-mark", title: error ? words.stderr : null, "aria-label": error ? words.stderr : null, role: error ? "img" : null }),
      h("span", { class: "console-text" },
        ...(line ? marked(plainText(line.text), wanted).map(([part, found]) => (found ? h("mark", {}, part) : part)) : ["…"])));
  }
}
