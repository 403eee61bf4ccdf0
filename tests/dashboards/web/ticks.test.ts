import assert from "node:assert/strict";
import { test } from "node:test";

import { linearTicks, logTicks, niceStep, timeTicks, type Tick } from "../../../dashboards/web/src/ticks.ts";

const at = (ticks: Tick[]): number[] => ticks.map((tick) => tick.at);
const labels = (ticks: Tick[]): string[] => ticks.map((tick) => tick.label);

test("steps are 1, 2 or 5 times a power of ten", () => {
  assert.deepEqual([0.7, 1, 1.1, 2.5, 6, 0.03, 340].map(niceStep), [1, 1, 2, 5, 10, 0.05, 500]);
});

test("linear ticks are round and free of binary dust", () => {
  assert.deepEqual(at(linearTicks(0, 0.5, 5)), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(labels(linearTicks(-1, 1, 4)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
});

test("thousands get a suffix", () => {
  assert.deepEqual(labels(linearTicks(0, 3200, 7)), ["0", "500", "1k", "1.5k", "2k", "2.5k", "3k"]);
  assert.deepEqual(labels(linearTicks(0, 2.1e6, 2)), ["0", "2M"]);
});

test("neighbours stay apart when zoomed far in", () => {
  const found = labels(linearTicks(1_234_567, 1_234_570, 3));

  assert.equal(new Set(found).size, found.length);
  assert.equal(found[0], "1234.567k");
});

test("very small values are written with an exponent", () => {
  assert.deepEqual(labels(linearTicks(0, 2e-7, 2)), ["0", "1e−7", "2e−7"]);
});

test("a log axis over few decades shows 1, 2 and 5, below one as well", () => {
  assert.deepEqual(labels(logTicks(0.09, 2.6, 6)), ["0.1", "0.2", "0.5", "1", "2"]);
});

test("a log axis over many decades shows powers of ten", () => {
  assert.deepEqual(at(logTicks(1e-6, 1e6, 6)), [1e-6, 1e-4, 1e-2, 1, 100, 1e4, 1e6]);
  assert.equal(logTicks(1e-9, 1, 5)[0]!.label, "1e−8");
});

test("a log axis within a decade falls back to round places", () => {
  assert.deepEqual(at(logTicks(0.3, 0.4, 4)), [0.3, 0.35, 0.4]);
});

test("a log axis can't begin at zero", () => {
  assert.deepEqual(logTicks(0, 1, 4), []);
});

test("time has the steps of clocks", () => {
  assert.deepEqual(labels(timeTicks(0, 3600, 4)), ["0", "15m", "30m", "45m", "1h"]);
  assert.deepEqual(labels(timeTicks(0, 90, 3)), ["0", "30s", "1m", "1m 30s"]);
  assert.deepEqual(labels(timeTicks(0, 3 * 86_400, 3)), ["0", "1d", "2d", "3d"]);
  assert.deepEqual(labels(timeTicks(0, 1, 2)), ["0s", "0.5s", "1.0s"]);
});

test("an empty range has no ticks", () => {
  assert.deepEqual(linearTicks(1, 1, 4), []);
  assert.deepEqual(timeTicks(2, 1, 4), []);
});

test("between whole numbers there are no ticks where only whole ones stand", () => {
  assert.deepEqual(labels(linearTicks(-0.5, 0.5, 6, true)), ["0"]);
  assert.deepEqual(labels(linearTicks(0, 3, 6, true)), ["0", "1", "2", "3"]);
  assert.deepEqual(labels(linearTicks(0, 3200, 7, true)), labels(linearTicks(0, 3200, 7)));
});
