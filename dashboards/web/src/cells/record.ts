/** What a card shows of a record, read with care: any client may have written anything. */

import type { CellRecord } from "./view.ts";

export interface Cell {
  id: string;
  name: string;
  description: string;
  type: string;
  /** Its place where nobody has arranged the page; infinite where it has none. */
  pos: number;
  /** Id or name of the run it belongs to; "" for none. */
  run: string;
}

/** What is longer is cut: a title is no place for a book. */
const NAME_LETTERS = 300;
const DESCRIPTION_LETTERS = 5000;

/** Null where `record` is no cell: a record without a type is somebody's own business. */
export function cellOf(record: CellRecord): Cell | null {
  const type = textOf(record["type"], 100);
  if (!type) return null;
  return {
    id: record._id, type, name: textOf(record["name"], NAME_LETTERS), description: textOf(record["description"], DESCRIPTION_LETTERS),
    pos: positionOf(record["pos"]), run: textOf(record["run"], NAME_LETTERS),
  };
}

/** Which view it asks for: "HTML" and "Img" are no other types than in small letters. */
export const typeOf = (record: CellRecord): string => String(record["type"]).trim().toLowerCase();

/** The value that a client sends first, to be filled later. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "string" ? value.trim() === "" : Array.isArray(value) && value.length === 0;
}

function textOf(value: unknown, most: number): string {
  if (typeof value !== "string") return "";
  const text = value.trim();
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Forms send texts: "2" is the place 2. */
function positionOf(value: unknown): number {
  const isText = typeof value === "string" && value.trim() !== "";
  const position = typeof value === "number" || isText ? Number(value) : NaN;
  return Number.isFinite(position) ? position : Infinity;
}
