import assert from "node:assert/strict";
import { test } from "node:test";

import type { Live, Watched } from "../../../dashboards/web/src/socket.ts";
import { Subscriptions, type Subscriber } from "../../../dashboards/web/src/subscriptions.ts";

function recorder(): { live: Live; watched: Record<number, Watched>[]; unwatched: number[][] } {
  const watched: Record<number, Watched>[] = [];
  const unwatched: number[][] = [];
  const live = {
    connection: "live",
    watch: (_: string, channels: Record<number, Watched>) => {
      watched.push(channels);
      return Promise.resolve(true);
    },
    unwatch: (_: string, channels: number[]) => unwatched.push(channels),
  };
  return { live: live as unknown as Live, watched, unwatched };
}

const chart = (channels: Record<number, Watched>): Subscriber => ({
  watched: () => new Map(Object.entries(channels).map(([number, one]) => [Number(number), one])),
});

test("a channel in two charts is watched from the lower cursor and for the finer plot", async () => {
  const { live, watched } = recorder();
  const subscriptions = new Subscriptions("run", live);

  await subscriptions.watch(chart({ 0: { dx: 4, cursors: { 7: 100, 8: 5 } } }));
  await subscriptions.watch(chart({ 0: { dx: 1, cursors: { 7: 80 } } }));

  assert.deepEqual(watched[1], { 0: { dx: 1, cursors: { 7: 80, 8: 0 } } });
});

test("a channel is let go when the last chart that shows it is", async () => {
  const { live, unwatched } = recorder();
  const subscriptions = new Subscriptions("run", live);
  const [one, two] = [chart({ 0: { dx: 1, cursors: {} }, 1: { dx: 1, cursors: {} } }), chart({ 0: { dx: 1, cursors: {} } })];
  await subscriptions.watch(one);
  await subscriptions.watch(two);

  subscriptions.unwatch(one);
  subscriptions.unwatch(two);

  assert.deepEqual(unwatched, [[1], [0]]);
});
