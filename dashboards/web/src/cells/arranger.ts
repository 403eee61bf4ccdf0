/** The arrangement of a page as the server keeps it, and as the reader changes it. */

import { isServerTrouble } from "../api.ts";
import { getArrangement, putArrangement, type Place } from "./api.ts";
import { UNARRANGED, type Arrangement } from "./arrangement.ts";

/** Changes that follow each other so quickly are kept together. */
const SETTLES_MS = 250;

export interface ArrangerEvents {
  /** It is another one. */
  changed(): void;
  refused(error: unknown): void;
}

export class Arranger {
  now: Arrangement = UNARRANGED;
  private due: ReturnType<typeof setTimeout> | undefined;
  private saving = false;
  /** Edits that the server does not have yet. */
  private edits = 0;
  /** Times that the server was asked. */
  private asked = 0;

  constructor(private readonly place: Place, private readonly events: ArrangerEvents) {}

  /** What the server has, unless the reader is just changing it. */
  async load(): Promise<void> {
    const mine = ++this.asked;
    try {
      const found = await getArrangement(this.place);
      if (mine !== this.asked || this.edits > 0) return;
      this.now = found;
      this.events.changed();
    } catch (error) {
      // Without it cells stand by their positions; the connection says when the server is away.
      if (!isServerTrouble(error)) throw error;
    }
  }

  /** Shown at once, kept in a moment. */
  edit(arrangement: Arrangement): void {
    this.now = arrangement;
    this.edits++;
    this.events.changed();
    clearTimeout(this.due);
    this.due = setTimeout(() => void this.save(), SETTLES_MS);
  }

  private async save(): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    const sent = this.edits;
    try {
      await putArrangement(this.place, this.now);
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      this.edits = sent; // what could not be kept is not tried for ever
      this.events.refused(error);
    } finally {
      this.saving = false;
    }
    if (this.edits !== sent) return this.save();
    this.edits = 0;
    await this.load();
  }
}
