/** What happened in a run, placed on the axis of a chart. */

import type { Drawing } from "./lines.ts";
import { numberOf, type Marker } from "./model.ts";
import { token } from "./theme.ts";

export interface PlacedMarker {
  x: number;
  text: string;
  level: string;
}

/** `markers` in the order of the axis that is drawn. */
export function placed(markers: readonly Marker[], { axis, origin }: Pick<Drawing, "axis" | "origin">): PlacedMarker[] {
  return markers.map(({ x, wall, text, level }) => ({
    x: axis === "x" ? numberOf(x)! : (wall - origin) / 1e6, text, level,
  })).sort((a, b) => a.x - b.x);
}

/** The colour of the mode which the page is in now. */
export function markerColor(level: string): string {
  if (level === "error") return token("failed");
  return level === "warning" ? token("stopped") : token("finished");
}
