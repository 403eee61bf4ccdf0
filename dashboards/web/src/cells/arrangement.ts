/** How the cells of a page are arranged: in which order, in how many columns, how large each. */

import type { Cell } from "./record.ts";

export interface Size {
  /** How many columns it takes. */
  columns: number;
  /** Of what is in it, in pixels; null: as its content needs. */
  height: number | null;
}

export interface Arrangement {
  columns: number;
  /** Ids. Some may be of cells that are gone, and come back. */
  order: readonly string[];
  sizes: Readonly<Record<string, Size>>;
}

export const MOST_COLUMNS = 6;
export const UNARRANGED: Arrangement = { columns: 2, order: [], sizes: {} };
const PLAIN: Size = { columns: 1, height: null };

/** Those in the order first; the others by their positions, the older first. `cells`: by age. */
export function arranged(cells: readonly Cell[], order: readonly string[]): Cell[] {
  const places = new Map(order.map((id, place) => [id, place]));
  const placed = cells.filter((cell) => places.has(cell.id)).sort((a, b) => places.get(a.id)! - places.get(b.id)!);
  const others = cells.filter((cell) => !places.has(cell.id));
  // Infinite ones must not be subtracted. The sort is stable, so age decides between equal ones.
  others.sort((a, b) => (a.pos === b.pos ? 0 : a.pos < b.pos ? -1 : 1));
  return [...placed, ...others];
}

/** `ids` with the one at `from` at the place `to`. */
export function moved(ids: readonly string[], from: number, to: number): string[] {
  const rest = ids.filter((_, place) => place !== from);
  return [...rest.slice(0, to), ids[from]!, ...rest.slice(to)];
}

/** In the order `shown`. What is gone stays behind the one it stood behind, should it come back. */
export function withOrder(before: Arrangement, shown: readonly string[]): Arrangement {
  const here = new Set(shown);
  const followers = new Map<string, string[]>();
  let leader = "";
  for (const id of before.order) {
    if (here.has(id)) leader = id;
    else followers.set(leader, [...(followers.get(leader) ?? []), id]);
  }
  const order = ["", ...shown].flatMap((id) => [...(id ? [id] : []), ...(followers.get(id) ?? [])]);
  return { ...before, order };
}

export function withSize(before: Arrangement, id: string, size: Size): Arrangement {
  const { [id]: _, ...others } = before.sizes;
  const isPlain = size.columns === PLAIN.columns && size.height === PLAIN.height;
  return { ...before, sizes: isPlain ? others : { ...others, [id]: size } };
}

/** An id may be "constructor", which every object has. */
export const sizeOf = ({ sizes }: Arrangement, id: string): Size => (Object.hasOwn(sizes, id) ? sizes[id]! : PLAIN);

export const isUnarranged = ({ columns, order, sizes }: Arrangement): boolean =>
  columns === UNARRANGED.columns && order.length === 0 && Object.keys(sizes).length === 0;
