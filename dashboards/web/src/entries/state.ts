/** What tests may read of a chart of entries. */

import type { ChartState } from "../handle.ts";
import type { EntryFeed } from "./feed.ts";
import type { Shown } from "./panes.ts";
import type { Stop } from "./timeline.ts";

interface Told {
  mounted: boolean;
  feed: EntryFeed;
  stops: number;
  at: Stop | null;
  following: boolean;
  shown: readonly Shown[];
}

export function entryState({ mounted, feed, stops, at, following, shown }: Told): ChartState {
  return {
    mounted, loading: feed.isLoading, loads: feed.loads, zoomed: false, log: false, cursors: {}, range: null, sources: {},
    entries: {
      places: stops, following,
      at: at && { x: at.x, superseded: at.session !== null },
      shown: shown.map(({ pane, place }) => place && {
        pane: pane.label, x: place.x, session: place.session, rank: place.rank, ordinal: place.ordinal,
      }),
    },
  };
}
