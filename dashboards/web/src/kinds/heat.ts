/**
 * Histograms over steps as one image. Their edges may differ from step to step: each bin is spread
 * evenly over its width, and a row of the image takes the part that lies in it.
 */

import type { HistogramBody } from "../entries/bodies.ts";
import type { Extent } from "../figure.ts";

export interface Histogram {
  counts: Float64Array;
  /** One more than counts, ascending. */
  edges: Float64Array;
  total: number;
  nan: number;
  inf: number;
}

/** A histogram and the step that it belongs to. */
export interface Slice {
  x: number;
  histogram: Histogram;
}

/** Throws a RangeError when edges and counts don't fit together. */
export function histogramOf(body: HistogramBody): Histogram {
  const counts = Float64Array.from(body.counts, Number);
  const edges = Float64Array.from(body.edges, Number);
  const ascending = edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge >= edges[i - 1]!));
  if (edges.length !== counts.length + 1 || !ascending) throw new RangeError("the edges of a histogram don't fit its counts");
  return { counts, edges, total: counts.reduce((a, b) => a + b, 0), nan: Number(body.nan) || 0, inf: Number(body.inf) || 0 };
}

/** From the lowest to the highest edge of all; null without any width. */
export function valueExtent(slices: readonly Slice[]): Extent | null {
  let [start, end] = [Infinity, -Infinity];
  for (const { histogram: { edges, total } } of slices) {
    if (total === 0) continue;
    start = Math.min(start, edges[0]!);
    end = Math.max(end, edges[edges.length - 1]!);
  }
  return end > start ? { start, end } : null;
}

/**
 * Where the cells of steps meet: halfway to the neighbours; the outer ones reach out as far as is
 * usual. One more than `xs`, which ascend.
 */
export function cellEdges(xs: readonly number[]): number[] {
  if (xs.length === 0) return [];
  const halves = xs.slice(1).map((x, i) => (x - xs[i]!) / 2);
  const usual = [...halves].sort((a, b) => a - b)[(halves.length - 1) >> 1] ?? 0.5;
  const outer = (half: number | undefined): number => Math.min(half ?? usual, usual) || 0.5;
  const [first, last] = [xs[0]!, xs[xs.length - 1]!];
  return [first - outer(halves[0]), ...halves.map((half, i) => xs[i]! + half), last + outer(halves[halves.length - 1])];
}

/** How much of a histogram lies in each of `rows` equal parts of `range`. */
export function massOf({ counts, edges }: Histogram, range: Extent, rows: number): Float64Array {
  const mass = new Float64Array(rows);
  const perRow = (range.end - range.start) / rows;
  for (let i = 0; i < counts.length; i++) {
    const [lo, hi] = [(edges[i]! - range.start) / perRow, (edges[i + 1]! - range.start) / perRow];
    if (counts[i]! <= 0 || hi < 0 || lo > rows) continue;
    if (hi === lo) mass[Math.min(rows - 1, Math.max(0, Math.floor(lo)))]! += counts[i]!;
    else spreadOver(mass, lo, hi, counts[i]! / (hi - lo));
  }
  return mass;
}

export interface HeatImage {
  /** Row by row from the lowest value, NaN where there is nothing to show. */
  cells: Float32Array;
  rows: number;
  columns: number;
}

/** The image of `slices` (by x) in a part of the plane, each step by its own largest row. */
export function heatImage(
  slices: readonly Slice[], x: Extent, y: Extent, size: { rows: number; columns: number }, log: boolean,
): HeatImage {
  const { rows, columns } = size;
  const cells = new Float32Array(rows * columns).fill(NaN);
  if (slices.length === 0) return { cells, rows, columns };
  const meet = cellEdges(slices.map((one) => one.x));
  const shades = new Map<number, Float32Array>();
  let at = 0;
  for (let column = 0; column < columns; column++) {
    const place = x.start + ((column + 0.5) / columns) * (x.end - x.start);
    if (place < meet[0]! || place > meet[meet.length - 1]!) continue;
    while (at < slices.length - 1 && place > meet[at + 1]!) at++;
    let shade = shades.get(at);
    if (!shade) shades.set(at, (shade = shadesOf(massOf(slices[at]!.histogram, y, rows), log)));
    for (let row = 0; row < rows; row++) cells[row * columns + column] = shade[row]!;
  }
  return { cells, rows, columns };
}

/** The slice in whose cell `x` lies. */
export function sliceAt(slices: readonly Slice[], x: number): Slice | null {
  const meet = cellEdges(slices.map((one) => one.x));
  if (slices.length === 0 || x < meet[0]! || x > meet[meet.length - 1]!) return null;
  const after = meet.findIndex((edge, i) => i > 0 && x <= edge);
  return slices[after - 1] ?? null;
}

export interface Bin {
  lo: number;
  hi: number;
  count: number;
  /** Of all that is in bins. */
  share: number;
}

/** The bin in which `value` lies; null outside of all. */
export function binAt({ counts, edges, total }: Histogram, value: number): Bin | null {
  for (let i = 0; i < counts.length; i++) {
    if (value < edges[i]! || value > edges[i + 1]!) continue;
    return { lo: edges[i]!, hi: edges[i + 1]!, count: counts[i]!, share: total > 0 ? counts[i]! / total : 0 };
  }
  return null;
}

/** 0 to 1 of the largest row; NaN for nothing, so that it has the colour of the ground. */
function shadesOf(mass: Float64Array, log: boolean): Float32Array {
  const shade = (value: number): number => (log ? Math.log1p(value) : value);
  const most = shade(mass.reduce((a, b) => Math.max(a, b), 0));
  return Float32Array.from(mass, (value) => (value > 0 && most > 0 ? shade(value) / most : NaN));
}

function spreadOver(mass: Float64Array, lo: number, hi: number, density: number): void {
  const last = Math.min(mass.length - 1, Math.ceil(hi) - 1);
  for (let row = Math.max(0, Math.floor(lo)); row <= last; row++) {
    const part = Math.min(hi, row + 1) - Math.max(lo, row);
    if (part > 0) mass[row]! += density * part;
  }
}
