/** Rows of a table in another order, fewer of them, or as a CSV file. */

import type { Cell } from "../entries/bodies.ts";

export interface Order {
  column: number;
  descending: boolean;
}

export type Row = readonly Cell[];

/** Rows with `text` in one of their cells, in the order wanted; equal ones stay as they were sent. */
export function arranged(rows: readonly Row[], text: string, order: Order | null): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  const found = wanted === "" ? rows : rows.filter((row) => row.some((cell) => String(cell).toLowerCase().includes(wanted)));
  if (!order) return found;
  const sign = order.descending ? -1 : 1;
  return [...found].sort((a, b) => {
    const [one, other] = [a[order.column] ?? null, b[order.column] ?? null];
    if (isEmpty(one) || isEmpty(other)) return Number(isEmpty(one)) - Number(isEmpty(other));
    return sign * compare(one, other);
  });
}

/** RFC 4180: cells with commas, quotes or line ends in quotes. */
export function csvOf(columns: readonly string[], rows: readonly Row[]): string {
  const line = (cells: readonly Cell[]): string => cells.map(csvCell).join(",");
  return [line(columns), ...rows.map(line)].join("\r\n") + "\r\n";
}

export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "number" ? String(Number(cell.toPrecision(6))).replace("-", "−") : String(cell);
}

/** A column of numbers stands to the right. */
export const isNumeric = (rows: readonly Row[], column: number): boolean =>
  rows.some((row) => isNumber(row[column])) && rows.every((row) => isNumber(row[column]) || isEmpty(row[column] ?? null));

const ODD = new Set(["NaN", "Infinity", "-Infinity"]);
const isNumber = (cell: Cell | undefined): boolean => typeof cell === "number" || ODD.has(String(cell));
/** What has no place in an order stands last in either direction. */
const isEmpty = (cell: Cell): boolean => cell === null || cell === "NaN";

function compare(a: Cell, b: Cell): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b) || 0;
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function csvCell(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
