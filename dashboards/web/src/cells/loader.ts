/**
 * Brings what is in a cell onto its stage: only while it is in sight of somebody, one answer at a
 * time and the newest last, however quickly it changes.
 */

import { ApiError, isAbort, isServerTrouble, Unreachable } from "../api.ts";
import { getCell } from "./api.ts";
import type { Stage } from "./stage.ts";
import type { CellRecord } from "./view.ts";

/** So long what is being drawn may hold up something newer. */
const PATIENCE_MS = 3000;

export interface LoaderEvents {
  /** The record as it is now; false when it no longer belongs here. */
  took(record: CellRecord): boolean;
  gone(): void;
}

export class Loader {
  private stale = true;
  private inSight = false;
  /** Not connected yet, or no more: the next connection, or the next change, asks. */
  private away = true;
  private running: Promise<void> | null = null;
  private readonly removed = new AbortController();
  private drawing: AbortController | null = null;
  private hurry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: string, private readonly stage: Stage, private readonly events: LoaderEvents) {}

  /** Resolves when there is nothing left to bring for now. */
  get ready(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  /** It is being asked for, name and all. */
  get isBusy(): boolean {
    return this.running !== null;
  }

  /** In sight or out of it. */
  turn(inSight: boolean): void {
    this.inSight = inSight;
    this.wake();
  }

  /** Far out of sight: what costs much is brought once more when it comes near. */
  rest(): void {
    if (!this.inSight && !this.running && this.stage.rest()) this.stale = true;
  }

  /** The server has something newer. */
  changed(): void {
    this.stale = true;
    this.away = false;
    if (this.drawing) this.hurry ??= setTimeout(() => this.drawing?.abort(), PATIENCE_MS);
    this.wake();
  }

  /** The page may be seen again. */
  wake(): void {
    if (this.running || !this.isWanted) return;
    this.running = this.run().finally(() => (this.running = null));
  }

  remove(): void {
    this.removed.abort();
    this.drawing?.abort();
  }

  private get isWanted(): boolean {
    return this.stale && this.inSight && !this.away && !document.hidden && !this.removed.signal.aborted;
  }

  private async run(): Promise<void> {
    while (this.isWanted) {
      this.stale = false;
      try {
        await this.bring();
      } catch (error) {
        if (this.removed.signal.aborted || isAbort(error)) return;
        if (error instanceof Unreachable) this.stale = this.away = true;
        if (error instanceof ApiError && error.status === 404) return this.events.gone();
        this.stage.fail(error);
        if (!isServerTrouble(error)) console.warn(error);
      }
    }
  }

  private async bring(): Promise<void> {
    const record = await getCell(this.id, this.removed.signal);
    if (!this.events.took(record)) return;
    const drawing = (this.drawing = new AbortController());
    try {
      await this.stage.show(record, drawing.signal);
    } finally {
      clearTimeout(this.hurry);
      this.hurry = undefined;
      this.drawing = null;
    }
  }
}
