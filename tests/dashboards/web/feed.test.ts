import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Feed } from "../../../dashboards/web/src/feed.ts";
import { decodeFrame } from "../../../dashboards/web/src/frames.ts";
import type { Channel } from "../../../dashboards/web/src/model.ts";
import type { Live, Watched } from "../../../dashboards/web/src/socket.ts";
import { Subscriptions } from "../../../dashboards/web/src/subscriptions.ts";
import { columnsBytes, type Written } from "./columns_bytes.ts";

const WANTED = { axis: "x", px: 10, range: null } as const;
const channel = { id: "run.0", number: 0, series: [] as Channel["series"] } as Channel;

class FakeLive {
  connection = "live";
  watched: Record<number, Watched>[] = [];
  unwatched: number[][] = [];
  answer: (ok: boolean) => void = () => undefined;

  watch(_run: string, channels: Record<number, Watched>): Promise<boolean> {
    this.watched.push(structuredClone(channels));
    return new Promise((resolve) => (this.answer = resolve));
  }

  unwatch(_run: string, channels: number[]): void {
    this.unwatched.push(channels);
  }
}

let live: FakeLive;
let feed: Feed;
let stale: number;
let failures: unknown[];
let answers: { give: (written: Written[]) => void; fail: () => void; signal: AbortSignal | null }[];

beforeEach(() => {
  live = new FakeLive();
  stale = 0;
  failures = [];
  answers = [];
  feed = new Feed([channel], new Subscriptions("run", live as unknown as Live), {
    changed: () => undefined, stale: () => stale++, failed: (error) => failures.push(error),
  });
  globalThis.fetch = ((_: string, init: RequestInit) => new Promise((resolve, reject) => {
    init.signal?.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
    answers.push({
      give: (written) => resolve(new Response(columnsBytes(written))),
      fail: () => reject(new TypeError("no network")), signal: init.signal ?? null,
    });
  })) as typeof fetch;
});

const take = (written: Written): void => feed.take(decodeFrame(columnsBytes([written])).blocks[0]!);
const held = (): number[] => [...feed.data.get(0)!.list()[0]!.x.view()];
const until = async (met: () => boolean): Promise<void> => {
  for (let i = 0; i < 100 && !met(); i++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(met());
};

async function loaded(written: Written[]): Promise<void> {
  const before = live.watched.length;
  const done = feed.load(WANTED);
  answers.at(-1)!.give(written);
  await until(() => live.watched.length > before);
  live.answer(true);
  await done;
}

test("after the view the channel is watched from the cursors on", async () => {
  await loaded([{ series: 4, start: 0, end: 3, x: [0, 10, 20] }]);

  assert.deepEqual(live.watched, [{ 0: { dx: 2, cursors: { 4: 3 } } }]);
});

test("frames on their way while the server moves its cursor are left out, then come whole", async () => {
  const done = feed.load(WANTED);
  answers[0]!.give([{ series: 4, start: 0, end: 3, x: [0, 1, 2] }]);
  await until(() => live.watched.length === 1);

  take({ series: 4, start: 2, end: 60, exact: false, x: [2, 59] });
  live.answer(true);
  await done;
  take({ series: 4, start: 3, end: 5, x: [3, 4] });

  assert.deepEqual(held(), [0, 1, 2, 3, 4]);
  assert.equal(stale, 0);
});

test("while a zoom is on its way, live frames still extend what is shown", async () => {
  await loaded([{ series: 4, start: 0, end: 1, x: [0] }]);

  void feed.load(WANTED);
  take({ series: 4, start: 1, end: 2, x: [1] });

  assert.deepEqual(held(), [0, 1]);
});

test("a later request gives the earlier one up, whose answer changes nothing", async () => {
  const first = feed.load(WANTED);
  await loaded([{ series: 4, start: 0, end: 1, x: [7] }]);
  await first;

  assert.equal(answers[0]!.signal!.aborted, true);
  assert.deepEqual(held(), [7]);
  assert.deepEqual(failures, []);
});

test("a gap asks for the view again", async () => {
  await loaded([{ series: 4, start: 0, end: 1, x: [0] }]);

  take({ series: 4, start: 9, end: 10, x: [9] });

  assert.equal(stale, 1);
});

test("more than eight points a pixel ask for a thinner view", async () => {
  await loaded([{ series: 4, start: 0, end: 1, x: [0] }]);

  take({ series: 4, start: 1, end: 81, x: Array.from({ length: 80 }, (_, i) => i + 1) });

  assert.equal(stale, 1);
});

test("out of sight nothing is taken, and back in sight it goes on from the cursor", async () => {
  await loaded([{ series: 4, start: 0, end: 1, x: [0] }]);

  feed.pause();
  take({ series: 4, start: 1, end: 2, x: [1] });
  const back = feed.watch();
  live.answer(true);
  await back;
  take({ series: 4, start: 1, end: 3, x: [1, 2] });

  assert.deepEqual(live.unwatched, [[0]]);
  assert.deepEqual(live.watched[1]![0]!.cursors, { 4: 1 });
  assert.deepEqual(held(), [0, 1, 2]);
});

test("a view that can't be had is told, and what is shown stays", async () => {
  await loaded([{ series: 4, start: 0, end: 1, x: [0] }]);

  const done = feed.load(WANTED);
  answers.at(-1)!.fail();
  await done;

  assert.equal(failures.length, 1);
  assert.deepEqual(held(), [0]);
});
