/** Which ranks of a channel the reader looks at, and with what each is drawn. */

import theme from "../../agnez_dashboards/theme.json";

/** The mean with the band around it, or every rank and the mean. */
export type RankMode = "band" | "all";

/** What a feed is to bring of a channel: its band, and points of these ranks (null: of all). */
export interface RanksWanted {
  band: boolean;
  ranks: readonly number[] | null;
}

/** More lines can't be told apart. */
export const MOST_CHOSEN = theme.palette.length;

export class RankChoice {
  mode: RankMode = "band";
  /** Ranks drawn with a colour of their own, each with its place in the palette. */
  private readonly places = new Map<number, number>();

  /** `taken`: how many colours the channels of the chart have. */
  constructor(private readonly taken: number) {}

  get chosen(): number[] {
    return [...this.places.keys()];
  }

  /** False when there are as many as can be told apart. */
  choose(rank: number, chosen: boolean): boolean {
    if (!chosen) this.places.delete(rank);
    else if (!this.places.has(rank)) {
      const used = new Set(this.places.values());
      const free = theme.palette.findIndex((_, place) => !used.has(place));
      if (free < 0) return false;
      this.places.set(rank, free);
    }
    return true;
  }

  /** As in the light mode; null for a rank that was not chosen. */
  colorOf(rank: number): string | null {
    const place = this.places.get(rank);
    return place === undefined ? null : theme.palette[(this.taken + place) % theme.palette.length]!.light;
  }

  wanted(): RanksWanted {
    return { band: true, ranks: this.mode === "all" ? null : this.chosen };
  }
}
