/** Some histograms as a ridgeline: the oldest at the back, each by its own largest density. */

import type { Slice } from "./heat.ts";

export interface Ridge {
  slice: Slice;
  /** Where its ground lies: 0 for the oldest, one less for each that follows. */
  ground: number;
  xs: number[];
  ys: number[];
}

export const MOST_RIDGES = 24;
/** So many times the room between two grounds the highest point rises. */
const RISE = 2.2;

/** Evenly by place, the first and the last among them. */
export function ridgesOf(slices: readonly Slice[]): Ridge[] {
  const full = slices.filter(({ histogram }) => histogram.total > 0);
  const count = Math.min(MOST_RIDGES, full.length);
  const picked = Array.from({ length: count }, (_, i) =>
    full[count === 1 ? 0 : Math.round((i * (full.length - 1)) / (count - 1))]!);
  return picked.map((slice, i) => ridge(slice, 0 - i));
}

function ridge(slice: Slice, ground: number): Ridge {
  const { counts, edges } = slice.histogram;
  const widths = Array.from(counts, (_, i) => edges[i + 1]! - edges[i]!);
  // A bin without width holds one value: as high as if it were as wide as the others.
  const usual = [...widths].sort((a, b) => a - b)[widths.length >> 1]! || 1;
  const density = Array.from(counts, (count, i) => count / (widths[i]! || usual));
  const most = Math.max(...density);
  const xs = [edges[0]!];
  const ys = [ground];
  for (const [i, value] of density.entries()) {
    xs.push((edges[i]! + edges[i + 1]!) / 2);
    ys.push(ground + (RISE * value) / most);
  }
  xs.push(edges[edges.length - 1]!);
  ys.push(ground);
  return { slice, ground, xs, ys };
}
