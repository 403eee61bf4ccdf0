/** Ranges with a little air around the data. */

import type { Extent } from "./figure.ts";

const AIR = 0.06;
const SIDE = 0.012;

/** The x range for data that span `data`, null for none. */
export function paddedX(data: Extent | null): Extent {
  if (!data) return { start: 0, end: 1 };
  const span = data.end - data.start;
  const air = span > 0 ? span * SIDE : Math.max(0.5, Math.abs(data.start) * 1e-9);
  return { start: data.start - air, end: data.end + air };
}

/** The y range for values that span `data`; on a log axis `data` is positive. */
export function paddedY(data: Extent | null, log: boolean): Extent {
  if (!data) return log ? { start: 0.1, end: 10 } : { start: 0, end: 1 };
  if (log) {
    const air = Math.max((data.end / data.start) ** AIR, 1.05);
    return { start: data.start / air, end: data.end * air };
  }
  const span = data.end - data.start;
  const flat = span <= Math.abs(data.start) * 1e-12;
  const air = flat ? Math.abs(data.start) * 0.1 || 1 : span * AIR;
  return { start: data.start - air, end: data.end + air };
}

/** The narrowest range worth looking at: beyond it float64 has no more places to tell apart. */
export function narrowest(around: Extent): number {
  return Math.max(Math.abs(around.start), Math.abs(around.end), 1e-300) * 1e-12;
}

/** `range` made `factor` times as wide, with `around` staying where it is. */
export function scaled(range: Extent, factor: number, around: number): Extent {
  return { start: around - (around - range.start) * factor, end: around + (range.end - around) * factor };
}

export function shifted(range: Extent, by: number): Extent {
  return { start: range.start + by, end: range.end + by };
}
