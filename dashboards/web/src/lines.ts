/** From series to what a figure draws: one line source a role, with NaN breaks between series. */

import type { Extent, Lines, XY } from "./figure.ts";
import type { Axis, Series } from "./series.ts";
import type { Chain, Part } from "./sessions.ts";
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

/** Each chain is a line of the newest session at each x; what was gone over again are tails. */
export function buildLines(chains: readonly Chain[], how: Drawing): Lines {
  const current = chains.map((chain) => newestPoints(chain, how));
  const smoothed = current.map((points) => smoothedOf(points, how));
  const tails = chains.map(({ parts }) => parts.map((part) => tailOf(part, how)));
  return {
    raw: joined(current.map((points) => drawable(points, how.log))),
    smooth: joined(smoothed),
    old: joined(tails.flatMap((list) => list.slice(-2))),
    older: joined(tails.flatMap((list) => list.slice(0, -2))),
    mark: joined(smoothed.map(marked)),
    odd: oddOnes(chains.flatMap(({ parts }) => parts.map(({ series }) => pointsOf(series, how))), how.log),
    band: null, ranks: [],
  };
}

/** At each x what the newest session has there: one line, and smoothed as one. */
export function newestPoints({ parts }: Chain, how: Pick<Drawing, "axis" | "origin">): XY {
  if (parts.length === 1) return pointsOf(parts[0]!.series, how);
  return concatenated(parts.map((part) => {
    const x = part.series.x.view();
    return picked(pointsOf(part.series, how), (i) => x[i]! < part.until);
  }));
}

/** What was gone over again, and the point before: where it leaves the line. */
function tailOf({ series, until }: Part, how: Drawing): XY {
  const x = series.x.view();
  const begin = x.findIndex((at) => at >= until);
  if (begin < 0) return { x: new Float64Array(), y: new Float64Array() };
  return picked(smoothedOf(pointsOf(series, how), how), (i) => x[i]! >= until || i === begin - 1);
}

function picked(points: XY, isWanted: (i: number) => boolean): XY {
  const wanted = (_: number, i: number): boolean => isWanted(i);
  return { x: points.x.filter(wanted), y: points.y.filter(wanted) };
}

function concatenated(parts: readonly XY[]): XY {
  const size = parts.reduce((sum, part) => sum + part.x.length, 0);
  const all = { x: new Float64Array(size), y: new Float64Array(size) };
  let at = 0;
  for (const part of parts) {
    all.x.set(part.x, at);
    all.y.set(part.y, at);
    at += part.x.length;
  }
  return all;
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
export function drawable(points: XY, log: boolean): XY {
  const y = points.y.map((value) => (Number.isFinite(value) && !(log && value <= 0) ? value : NaN));
  return { x: points.x, y };
}

export function joined(parts: readonly XY[]): XY {
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

export function marked(points: XY): XY {
  if (points.x.length <= MARK_ALL) return points;
  let last = points.y.length - 1;
  while (last >= 0 && Number.isNaN(points.y[last]!)) last--;
  return { x: points.x.slice(last, last + 1), y: points.y.slice(last, last + 1) };
}

export function oddOnes(parts: readonly XY[], log: boolean): Lines["odd"] {
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
