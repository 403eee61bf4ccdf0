/** From series to what a figure draws: one line source a role, with NaN breaks between series. */

import type { Extent, Lines, XY } from "./figure.ts";
import type { Axis, Series } from "./series.ts";
import { smooth } from "./smoothing.ts";

export interface Drawing {
  axis: Axis;
  /** Where elapsed time begins, µs UTC. */
  origin: number;
  log: boolean;
  /** 0 draws the points as they are. */
  smoothing: number;
  /** Distance after which `smoothing` of a weight remains, in units of the axis. */
  unit: number;
}

/** Up to as many points are each drawn with a marker; of more, only the newest. */
const MARK_ALL = 20;
const FLOOR = 0.035;
const CEILING = 0.965;

/** Of `all` series (oldest session first) the newest session is drawn in full, the others dimmed. */
export function buildLines(all: readonly Series[], how: Drawing): Lines {
  const newest = newestSession(all);
  const current = all.filter((one) => one.session === newest).map((one) => pointsOf(one, how));
  const older = all.filter((one) => one.session !== newest).map((one) => pointsOf(one, how));
  const smoothed = current.map((points) => smoothedOf(points, how));
  return {
    raw: joined(current.map((points) => drawable(points, how.log))),
    smooth: joined(smoothed),
    old: joined(older.map((points) => smoothedOf(points, how))),
    mark: joined(smoothed.map(marked)),
    odd: oddOnes([...older, ...current], how.log),
  };
}

export function newestSession(all: readonly Series[]): number {
  return all.reduce((newest, one) => Math.max(newest, one.session), -Infinity);
}

/** The points of a series along the axis that is drawn: steps, or seconds since `origin`. */
export function pointsOf(one: Series, how: Pick<Drawing, "axis" | "origin">): XY {
  const y = one.y.view();
  if (how.axis === "x") return { x: one.x.view(), y };
  return { x: one.wall.view().map((wall) => (wall - how.origin) / 1e6), y };
}

export function smoothedOf(points: XY, how: Drawing): XY {
  const clean = drawable(points, how.log);
  if (how.smoothing === 0) return clean;
  return { x: clean.x, y: smooth(clean.x, clean.y, how.smoothing, how.unit) };
}

/** The range of what can be drawn within `within` (null: everywhere); null when there is nothing. */
export function yExtent(parts: readonly XY[], within: Extent | null): Extent | null {
  let start = Infinity;
  let end = -Infinity;
  for (const { x, y } of parts) {
    for (let i = 0; i < y.length; i++) {
      const value = y[i]!;
      if (Number.isNaN(value)) continue;
      if (within && (x[i]! < within.start || x[i]! > within.end)) continue;
      if (value < start) start = value;
      if (value > end) end = value;
    }
  }
  return start <= end ? { start, end } : null;
}

export function xExtent(parts: readonly XY[]): Extent | null {
  let start = Infinity;
  let end = -Infinity;
  for (const { x } of parts) {
    for (const value of x) {
      if (value < start) start = value;
      if (value > end) end = value;
    }
  }
  return start <= end ? { start, end } : null;
}

/** Whether every x is a whole number, as counted steps are. */
export function allWhole(parts: readonly XY[]): boolean {
  return parts.every(({ x }) => x.every((value) => Number.isInteger(value) || Number.isNaN(value)));
}

/** What has no place on the axis becomes a break in the line; markers tell of it. */
function drawable(points: XY, log: boolean): XY {
  const y = points.y.map((value) => (Number.isFinite(value) && !(log && value <= 0) ? value : NaN));
  return { x: points.x, y };
}

function joined(parts: readonly XY[]): XY {
  const filled = parts.filter((part) => part.x.length > 0);
  const breaks = Math.max(0, filled.length - 1);
  const size = filled.reduce((sum, part) => sum + part.x.length, breaks);
  const x = new Float64Array(size).fill(NaN);
  const y = new Float64Array(size).fill(NaN);
  let at = 0;
  for (const part of filled) {
    x.set(part.x, at);
    y.set(part.y, at);
    at += part.x.length + 1;
  }
  return { x, y };
}

function marked(points: XY): XY {
  if (points.x.length <= MARK_ALL) return points;
  let last = points.y.length - 1;
  while (last >= 0 && Number.isNaN(points.y[last]!)) last--;
  return { x: points.x.slice(last, last + 1), y: points.y.slice(last, last + 1) };
}

function oddOnes(parts: readonly XY[], log: boolean): Lines["odd"] {
  const x: number[] = [];
  const y: number[] = [];
  const marker: string[] = [];
  for (const part of parts) {
    part.y.forEach((value, i) => {
      const odd = oddMarker(value, log);
      if (!odd) return;
      x.push(part.x[i]!);
      y.push(odd === "triangle" ? CEILING : FLOOR);
      marker.push(odd);
    });
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y), marker };
}

/** A cross for NaN; a triangle points to where the value lies beyond the axis. */
function oddMarker(value: number, log: boolean): string | null {
  if (Number.isNaN(value)) return "x";
  if (value === Infinity) return "triangle";
  if (value === -Infinity || (log && value <= 0)) return "inverted_triangle";
  return null;
}
