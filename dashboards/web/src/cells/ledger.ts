/** Which cells there are on a page: heads without values, kept up to date as the server tells. */

import { isServerTrouble } from "../api.ts";
import { getHeads, type Place } from "./api.ts";
import { cellOf, type Cell } from "./record.ts";
import type { CellRecord } from "./view.ts";

/** Of so many that changed at once all are asked for: addresses have an end. */
const MOST_NAMED = 40;

/** What the server tells of cells. */
export interface CellNews {
  changed: readonly { id: string; run: string | null }[];
  removed: readonly string[];
  /** Places whose arrangement is another one. */
  arranged: readonly string[];
  /** Too many changed to be named. */
  all?: boolean;
}

interface Entry {
  cell: Cell;
  /** When it was asked for, counted: an answer to an earlier question is older. */
  asked: number;
}

export class Ledger {
  private entries = new Map<string, Entry>();
  private readonly wanted = new Set<string>();
  private wantsAll = true;
  private asking = false;
  private asked = 0;
  /** Removed while an answer was on its way. */
  private readonly gone = new Set<string>();

  /** `changed`: there are others, or their heads are. */
  constructor(public place: Place, private readonly changed: () => void) {}

  /** Oldest first. */
  get cells(): Cell[] {
    return [...this.entries.values()].map((entry) => entry.cell);
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  /** All of them once more. */
  async reload(): Promise<void> {
    this.wantsAll = true;
    await this.ask();
  }

  /** These were made or changed. */
  want(ids: Iterable<string>): void {
    for (const id of ids) {
      this.wanted.add(id);
      this.gone.delete(id);
    }
    void this.ask();
  }

  drop(ids: Iterable<string>): void {
    let some = false;
    for (const id of ids) {
      some = this.entries.delete(id) || some;
      this.wanted.delete(id);
      this.gone.add(id);
    }
    if (some) this.changed();
  }

  /** A whole record came by another way; false when it does not belong here any more. */
  took(record: CellRecord): boolean {
    const cell = this.cellHere(record);
    if (!cell) this.drop([record._id]);
    else if (this.put(cell, ++this.asked)) this.changed();
    return cell !== null;
  }

  /** A page that nobody sees asks for nothing; it does when it is seen again. */
  async ask(): Promise<void> {
    if (this.asking || document.hidden) return;
    this.asking = true;
    try {
      while (this.wantsAll || this.wanted.size > 0) await this.askOnce();
    } catch (error) {
      this.wantsAll = true; // the next connection asks for all
      if (!isServerTrouble(error)) throw error;
    } finally {
      this.asking = false;
    }
  }

  private async askOnce(): Promise<void> {
    const ids = [...this.wanted];
    const all = this.wantsAll || ids.length > MOST_NAMED;
    this.wanted.clear();
    this.gone.clear();
    this.wantsAll = false;
    const asked = ++this.asked;
    const records = await getHeads(this.place, all ? [] : ids);
    const cells = records.map((record) => this.cellHere(record)).filter((cell) => cell !== null && !this.gone.has(cell.id)) as Cell[];
    const kept = new Set(cells.map((cell) => cell.id));
    const before = all ? [...this.entries].filter(([, entry]) => entry.asked < asked).map(([id]) => id) : ids;
    for (const id of before) if (!kept.has(id)) this.entries.delete(id);
    for (const cell of cells) this.put(cell, asked);
    if (all) this.entries = new Map([...kept, ...this.entries.keys()].map((id) => [id, this.entries.get(id)!]));
    this.changed();
  }

  /** Null for what is no cell, or none of this page. */
  private cellHere(record: CellRecord): Cell | null {
    const cell = cellOf(record);
    return cell && (this.place.runs === null || this.place.runs.includes(cell.run)) ? cell : null;
  }

  private put(cell: Cell, asked: number): boolean {
    const entry = this.entries.get(cell.id);
    if (entry && entry.asked > asked) return false;
    this.entries.set(cell.id, { cell, asked });
    return !entry || !isSame(entry.cell, cell);
  }
}

const isSame = (a: Cell, b: Cell): boolean =>
  a.name === b.name && a.description === b.description && a.type === b.type && a.pos === b.pos && a.run === b.run;
