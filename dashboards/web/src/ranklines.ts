/** From the band of many ranks, and the points of some, to what a figure draws. */

import type { Band } from "./bandapi.ts";
import type { BandColumns, Lines, RankLine, XY } from "./figure.ts";
import { buildLines, drawable, joined, marked, newestPoints, oddOnes, smoothedOf, type Drawing } from "./lines.ts";
import { numberOf } from "./model.ts";
import type { RankChoice } from "./ranks.ts";
import type { Chain } from "./sessions.ts";

/** Opacity of lines without a colour of their own: many over one another are not to become one. */
const faint = (count: number): number => Math.min(0.4, Math.max(0.12, 6 / count));
const CHOSEN = { width: 1.5, alpha: 0.95 };

/** The mean is the line; `chains` are of the ranks whose points are here. */
export function bandLines(band: Band, chains: readonly Chain[], choice: RankChoice, how: Drawing): Lines {
  const x = along(band.x, how);
  const mean = { x, y: Float64Array.from(band.mean) };
  const smooth = smoothedOf(mean, how);
  const tail = smoothedOf({ x: along(band.tail.x, how), y: Float64Array.from(band.tail.mean) }, how);
  const { old, older } = buildLines(chains.filter(({ rank }) => choice.colorOf(rank) !== null), how);
  const odd = { x: along(band.odd.x, how), y: Float64Array.from(band.odd.y, (y) => numberOf(y)!) };
  return {
    raw: drawable(mean, how.log), smooth, old: joined([tail, old]), older, mark: marked(smooth), odd: oddOnes([odd], how.log),
    band: columnsOf(x, band, how.log), ranks: rankLines(chains, choice, how),
  };
}

/** What each rank sent last, of those that are not behind: their mean, and between which values. */
export function newestOf({ ranks }: Band): { mean: number; lo: number; hi: number } | null {
  const values = ranks.filter(({ behind }) => behind === null).map(({ y }) => (y === null ? NaN : numberOf(y)!)).filter(Number.isFinite);
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return { mean, lo: Math.min(...values), hi: Math.max(...values) };
}

/** Places of a band along the axis that is drawn: steps, or seconds since `origin`. */
export function along(x: readonly number[], { axis, origin }: Pick<Drawing, "axis" | "origin">): Float64Array {
  return Float64Array.from(x, (at) => (axis === "x" ? at : (at - origin) / 1e6));
}

/** On a log axis the band ends at the smallest value that has a place there. */
function columnsOf(x: Float64Array, { lo, hi }: Band, log: boolean): BandColumns {
  if (!log) return { x, lo: Float64Array.from(lo), hi: Float64Array.from(hi) };
  const least = [...lo, ...hi].reduce((best, value) => (value > 0 && value < best ? value : best), Infinity);
  const placed = (values: readonly number[]): Float64Array => Float64Array.from(values, (value) => Math.max(value, least));
  return { x, lo: placed(lo), hi: placed(hi) };
}

function rankLines(chains: readonly Chain[], choice: RankChoice, how: Drawing): RankLine[] {
  const ranks = [...new Set(chains.map(({ rank }) => rank))];
  const lines = ranks.map((rank): RankLine => {
    const own = chains.filter((chain) => chain.rank === rank).map((chain) => newestPoints(chain, how));
    const color = choice.colorOf(rank);
    return {
      rank, color, ...(color === null ? { width: 1, alpha: faint(ranks.length) } : CHOSEN), raw: joined(own.map((points) => drawable(points, how.log))),
      smooth: joined(own.map((points) => smoothedOf(points, how))),
    };
  });
  return lines.sort((a, b) => Number(a.color !== null) - Number(b.color !== null)); // those chosen on top
}

/** The extent of a band in y, as points. */
export function bandEdges({ x, lo, hi }: BandColumns): XY[] {
  return [{ x, y: lo }, { x, y: hi }];
}
