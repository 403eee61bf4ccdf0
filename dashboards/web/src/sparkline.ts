/** A curve as small as a word. */

import { svg } from "./dom.ts";
import type { XY } from "./figure.ts";
import { xExtent, yExtent } from "./lines.ts";

const WIDTH = 92;
const HEIGHT = 26;
const INSET = 2;

export function sparkline(line: XY): SVGElement {
  return svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, class: "spark", "aria-hidden": "true",
  }, svg("path", { d: sparkPath(line), fill: "none", stroke: "currentColor", "stroke-width": 1.1, "stroke-linejoin": "round" }));
}

/** Gaps where a value is not finite; empty when there is nothing to draw. */
export function sparkPath({ x, y }: XY): string {
  const finite = y.map((value) => (Number.isFinite(value) ? value : NaN));
  const [across, along] = [xExtent([{ x, y }]), yExtent([{ x, y: finite }], null)];
  if (!across || !along) return "";
  const left = (at: number): number => INSET + share(at, across) * (WIDTH - 2 * INSET);
  const top = (at: number): number => HEIGHT - INSET - share(at, along) * (HEIGHT - 2 * INSET);
  let path = "";
  let drawing = false;
  finite.forEach((value, i) => {
    if (!Number.isNaN(value)) path += `${drawing ? "L" : "M"}${left(x[i]!).toFixed(1)} ${top(value).toFixed(1)}`;
    drawing = !Number.isNaN(value);
  });
  return path;
}

function share(at: number, { start, end }: { start: number; end: number }): number {
  return end > start ? (at / 2 - start / 2) / (end / 2 - start / 2) : 0.5; // the whole may be wider than any number
}
