/** A line as the legend shows it: colour, dash and marker as in the figure. */

import { svg } from "./dom.ts";

const MARKERS: Record<string, string> = {
  circle: "M14 3a3 3 0 110 6 3 3 0 010-6z",
  square: "M11.2 3.2h5.6v5.6h-5.6z",
  triangle: "M14 2.4l3.4 6h-6.8z",
  inverted_triangle: "M14 9.6l3.4-6h-6.8z",
  diamond: "M14 2l3 4-3 4-3-4z",
  hex: "M14 2.6l3 1.7v3.4l-3 1.7-3-1.7V4.3z",
  star: "M14 1.8l1.2 2.8 3 .2-2.3 2 .8 3-2.7-1.7-2.7 1.7.8-3-2.3-2 3-.2z",
  plus: "M14 2.5v7M10.5 6h7",
};

export const SWATCH = { width: 28, height: 12 } as const;

/** The line and the marker of a stroke, as paths in a box of the size of SWATCH. */
export function swatchPaths(stroke: { marker: string }): { line: string; marker: string } {
  return { line: "M1 6h26", marker: MARKERS[stroke.marker] ?? MARKERS["circle"]! };
}

export function swatch(stroke: { dash: readonly number[]; marker: string }): SVGElement {
  const { line, marker } = swatchPaths(stroke);
  const { width, height } = SWATCH;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "swatch", "aria-hidden": "true" },
    svg("path", {
      d: line, stroke: "currentColor", "stroke-width": 2, fill: "none",
      "stroke-dasharray": stroke.dash.join(" ") || null,
    }),
    svg("path", { d: marker, fill: "currentColor", stroke: "var(--card)", "stroke-width": 1 }));
}
