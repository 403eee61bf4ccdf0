/** What happened in a run, placed on the axis of a chart. */

import type { Drawing } from "./lines.ts";
import { numberOf, type Marker } from "./model.ts";
import { token } from "./theme.ts";

export interface PlacedMarker {
  x: number;
  text: string;
  /** "stage" for a change of stage, which happens often and is told quietly. */
  level: string;
}

/** What the SDK marks when the stage changes. */
const STAGE = /^stage \S/;
/** More changes of stage in sight are none of interest. */
const MOST_STAGES = 8;

/** `markers` in the order of the axis that is drawn. */
export function placed(markers: readonly Marker[], { axis, origin }: Pick<Drawing, "axis" | "origin">): PlacedMarker[] {
  return markers.map(({ x, wall, text, level }) => ({
    x: axis === "x" ? numberOf(x)! : (wall - origin) / 1e6, text, level: level === "info" && STAGE.test(text) ? "stage" : level,
  })).sort((a, b) => a.x - b.x);
}

/** Without the changes of stage where more than a few lie in `range`, or anywhere when it is null. */
export function withFewStages(markers: readonly PlacedMarker[], range: { start: number; end: number } | null): PlacedMarker[] {
  const inSight = ({ x }: PlacedMarker): boolean => range === null || (x >= range.start && x <= range.end);
  const count = markers.filter((one) => one.level === "stage" && inSight(one)).length;
  return markers.filter(({ level }) => level !== "stage" || count <= MOST_STAGES);
}

/** The colour of the mode which the page is in now. */
export function markerColor(level: string): string {
  if (level === "stage") return token("line-strong");
  if (level === "error") return token("failed");
  return level === "warning" ? token("stopped") : token("finished");
}
