/** The value of each line at a place: the nearest point of the newest session. */

import type { Lines } from "./figure.ts";

type Drawn = Pick<Lines, "raw" | "smooth">;

export interface Reading {
  x: number;
  /** As drawn: smoothed, when smoothing is on. */
  y: number;
  /** As sent; NaN where the point is NaN or infinite. */
  raw: number;
}

/** The point of `lines` nearest to `x`, null when there is none. */
export function readAt(lines: Drawn, x: number): Reading | null {
  const i = nearest(lines.raw.x, x);
  if (i < 0) return null;
  return { x: lines.raw.x[i]!, y: lines.smooth.y[i]!, raw: lines.raw.y[i]! };
}

/** The newest point that can be drawn, null when there is none. */
export function lastOf(lines: Drawn): Reading | null {
  for (let i = lines.raw.y.length - 1; i >= 0; i--) {
    if (!Number.isNaN(lines.raw.y[i]!)) return { x: lines.raw.x[i]!, y: lines.smooth.y[i]!, raw: lines.raw.y[i]! };
  }
  return null;
}

/** The x of the point next to `x` in a direction, null when there is none. */
export function nextX(all: Iterable<Drawn>, x: number, direction: 1 | -1): number | null {
  let best: number | null = null;
  for (const { raw } of all) {
    for (const at of raw.x) {
      const beyond = direction === 1 ? at > x : at < x;
      if (beyond && (best === null || Math.abs(at - x) < Math.abs(best - x))) best = at;
    }
  }
  return best;
}

// Sessions of several ranks lie one after the other, so the column as a whole is not sorted; it has
// at most some thousand points.
function nearest(xs: Float64Array, x: number): number {
  let best = -1;
  let distance = Infinity;
  for (let i = 0; i < xs.length; i++) {
    const away = Math.abs(xs[i]! - x);
    if (away < distance) {
      best = i;
      distance = away;
    }
  }
  return best;
}
