/**
 * What the page holds of a channel: its series, each with the cursor that tells which points are in.
 *
 * A view replaces everything; live blocks extend it. A point is never in twice and never left out:
 * what does not join on to the cursor is reported as a gap, and the view is asked for again.
 */

import { Column } from "./column.ts";
import type { Range } from "./api.ts";
import type { Block } from "./frames.ts";
import { chainsOf, type Chain, type Life } from "./sessions.ts";

export type Axis = "x" | "wall";

export interface Series {
  readonly id: number;
  readonly session: number;
  readonly rank: number;
  /** Ordinals below it are in (as far as they lie in the range of the view). */
  cursor: number;
  /** Every point of the range is here, not only the extremes of each pixel column. */
  exact: boolean;
  readonly x: Column;
  readonly y: Column;
  readonly wall: Column;
}

/** The newest value of a channel, as sent: NaN and infinities too. */
export interface Newest {
  wall: number;
  y: number;
}

export type Applied = "extended" | "known" | "gap";

export class ChannelData {
  private readonly series = new Map<number, Series>();
  private readonly lives = new Map<number, Life>();
  private lines: Chain[] | null = null;
  private range: Range | null = null;
  private axis: Axis = "x";
  private latest: Newest | null = null;

  /** Oldest session first, then by rank. */
  list(): Series[] {
    return [...this.series.values()].sort((a, b) => a.session - b.session || a.rank - b.rank);
  }

  /** The series as lines, by rank; see sessions.ts. */
  chains(): Chain[] {
    return (this.lines ??= chainsOf(this.list(), this.lives));
  }

  /** All sessions there are, also those whose points are not here. */
  known(): Life[] {
    return [...this.lives.values()];
  }

  /** Numbers of the ranks there are, ascending. */
  ranks(): number[] {
    return [...new Set(this.known().map(({ rank }) => rank))].sort((a, b) => a - b);
  }

  /** What the server says of the series: a view of a range does not show all of a session. */
  learn(told: readonly Life[]): void {
    for (const life of told) this.meet(life);
  }

  cursors(): Record<string, number> {
    return Object.fromEntries([...this.series].map(([id, one]) => [id, one.cursor]));
  }

  /** The newest value, also where it lies outside the range; null when a view of a range hides it. */
  get newest(): Newest | null {
    return this.latest;
  }

  /** Points held by the series that holds most. */
  size(): number {
    return Math.max(0, ...[...this.series.values()].map((one) => one.x.length));
  }

  /** Take a view for all there is: `range` is what was asked for, null for everything. */
  replace(blocks: readonly Block[], range: Range | null, axis: Axis): void {
    this.series.clear();
    this.lines = null;
    this.range = range;
    this.axis = axis;
    this.latest = null;
    for (const block of blocks) {
      if (range === null) this.notice(block);
      this.meet(lifeOf(block));
      const one = this.open(block);
      one.exact = block.exact;
      one.cursor = block.end;
      one.x.extend(block.x);
      one.y.extend(block.y);
      one.wall.extend(block.wall);
    }
  }

  /** Take a block of a live frame. */
  apply(block: Block): Applied {
    const known = this.series.get(block.series);
    const cursor = known?.cursor ?? 0;
    if (block.end <= cursor && !block.refetch) return "known";
    if (block.refetch || block.start > cursor) return "gap";
    const skip = cursor - block.start;
    if (skip > 0 && !(block.exact && block.x.length === block.end - block.start)) return "gap";
    const one = known ?? this.open(block);
    this.notice(block);
    this.meet(lifeOf(block));
    this.append(one, block, skip);
    one.exact &&= block.exact;
    one.cursor = block.end;
    return "extended";
  }

  private notice({ wall, y }: Block): void {
    wall.forEach((at, i) => {
      if (!this.latest || at >= this.latest.wall) this.latest = { wall: at, y: y[i]! };
    });
  }

  /** What is known of a session only grows, wherever it is learnt from. */
  private meet(life: Life): void {
    const known = this.lives.get(life.id);
    const grown = known ? {
      ...known, count: Math.max(known.count, life.count), min_x: least(known.min_x, life.min_x),
      max_wall: most(known.max_wall, life.max_wall),
    } : { ...life };
    this.lives.set(life.id, grown);
    if (known?.min_x !== grown.min_x || known?.max_wall !== grown.max_wall) this.lines = null;
  }

  private open(block: Block): Series {
    const one: Series = {
      id: block.series, session: block.session, rank: block.rank, cursor: 0, exact: true,
      x: new Column(), y: new Column(), wall: new Column(),
    };
    this.series.set(block.series, one);
    this.lines = null;
    return one;
  }

  private append(one: Series, block: Block, skip: number): void {
    const along = this.axis === "x" ? block.x : block.wall;
    for (let i = skip; i < along.length; i++) {
      const at = along[i]!;
      if (this.range && (at < this.range.lo || at > this.range.hi)) continue;
      one.x.push(block.x[i]!);
      one.y.push(block.y[i]!);
      one.wall.push(block.wall[i]!);
    }
  }
}

function lifeOf({ series, session, rank, end, x, wall }: Block): Life {
  return {
    id: series, session, rank, count: end, min_x: x.length > 0 ? x.reduce((a, b) => Math.min(a, b)) : null,
    max_wall: wall.length > 0 ? wall.reduce((a, b) => Math.max(a, b)) : null,
  };
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null || b === null ? a ?? b : Math.max(a, b);
}
