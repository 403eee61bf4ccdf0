import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import type { Band } from "../../../dashboards/web/src/bandapi.ts";
import { Bands, Lane } from "../../../dashboards/web/src/bands.ts";

let asked: { give: (band: Band) => void; signal: AbortSignal }[];
let changes: number;
let bands: Bands;
const band = (total: number): Band => ({ total }) as Band;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** `ms` pass, and whatever waited for an answer goes on. */
async function pass(ms: number): Promise<void> {
  now += ms;
  mock.timers.tick(ms);
  await settle();
}

let now: number;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  now = 10_000;
  mock.method(performance, "now", () => now);
  asked = [];
  changes = 0;
  bands = new Bands((_, signal) => new Promise((give) => asked.push({ give, signal })), () => changes++, new Lane());
});

test("a band that changed is asked for at once, and taken", async () => {
  bands.stale(0);
  await pass(0);
  asked[0]!.give(band(7));
  await settle();

  assert.equal(bands.data.get(0)!.total, 7);
  assert.equal(changes, 1);
});

test("however often it changes, it is asked for four times a second at most", async () => {
  bands.stale(0);
  await pass(0);
  asked[0]!.give(band(1));
  await settle();

  for (let i = 0; i < 10; i++) {
    bands.stale(0);
    await pass(20);
  }
  assert.equal(asked.length, 1);
  await pass(60);

  assert.equal(asked.length, 2);
});

test("what changes while the answer is on its way is asked for once more", async () => {
  bands.stale(0);
  await pass(0);
  bands.stale(0);
  bands.stale(0);
  asked[0]!.give(band(1));
  await settle();
  await pass(250);

  assert.equal(asked.length, 2);
});

test("after an answer that took long it rests three times as long", async () => {
  bands.stale(0);
  await pass(0);
  now += 400;
  asked[0]!.give(band(1));
  await settle();

  bands.stale(0);
  await pass(1100);
  assert.equal(asked.length, 1);
  await pass(100);

  assert.equal(asked.length, 2);
});

test("the bands of several charts are asked for one after the other, with a rest between", async () => {
  const lane = new Lane();
  const charts = [0, 1].map(() => new Bands((_, signal) => new Promise((give) => asked.push({ give, signal })), () => changes++, lane));
  charts.forEach((chart) => chart.stale(0));
  await pass(0);
  assert.equal(asked.length, 1);

  now += 80;
  asked[0]!.give(band(1));
  await settle();
  await pass(70);
  assert.equal(asked.length, 1);
  await pass(10);

  assert.equal(asked.length, 2);
});

test("dropped, an answer changes nothing, and nothing is asked any more", async () => {
  bands.stale(0);
  await pass(0);
  bands.stale(1);
  bands.drop();
  asked[0]!.give(band(1));
  await pass(1000);

  assert.ok(asked[0]!.signal.aborted);
  assert.equal(asked.length, 1);
  assert.equal(bands.data.size, 0);
  assert.equal(changes, 0);
});
