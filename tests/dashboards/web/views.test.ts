import assert from "node:assert/strict";
import { test } from "node:test";

import { runInAddress } from "../../../dashboards/web/src/base.ts";
import { flatten } from "../../../dashboards/web/src/params.ts";
import { Preferences } from "../../../dashboards/web/src/prefs.ts";
import { paddedX, paddedY, scaled, shifted } from "../../../dashboards/web/src/ranges.ts";
import { lastOf, nextX, readAt } from "../../../dashboards/web/src/readout.ts";
import { sparkPath } from "../../../dashboards/web/src/sparkline.ts";
import type { Lines } from "../../../dashboards/web/src/figure.ts";

const xy = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });
const lines = (x: number[], y: number[]): Lines => ({
  raw: xy(x, y), smooth: xy(x, y.map((value) => value * 10)), old: xy([], []), older: xy([], []), mark: xy([], []), odd: { ...xy([], []), marker: [] },
  band: null, ranks: [],
});

test("zooming keeps the place under the pointer", () => {
  assert.deepEqual(scaled({ start: 0, end: 100 }, 0.5, 20), { start: 10, end: 60 });
  assert.deepEqual(shifted({ start: 0, end: 100 }, -5), { start: -5, end: 95 });
});

test("a range has air around it, a single value too", () => {
  assert.deepEqual(paddedX(null), { start: 0, end: 1 });
  assert.deepEqual(paddedX({ start: 3, end: 3 }), { start: 2.5, end: 3.5 });
  const { start, end } = paddedY({ start: 0, end: 100 }, false);
  assert.ok(start < 0 && end > 100);
  assert.deepEqual(paddedY({ start: 0, end: 0 }, false), { start: -1, end: 1 });
});

test("a log range stays above zero", () => {
  const { start, end } = paddedY({ start: 1e-5, end: 10 }, true);

  assert.ok(start > 0 && start < 1e-5 && end > 10);
  assert.ok(paddedY(null, true).start > 0);
});

test("a reading is the nearest point, as sent and as drawn", () => {
  assert.deepEqual(readAt(lines([0, 10, 20], [1, 2, 3]), 13), { x: 10, y: 20, raw: 2 });
  assert.equal(readAt(lines([], []), 13), null);
});

test("the newest reading is the last that can be drawn", () => {
  assert.deepEqual(lastOf(lines([0, 1, 2], [5, 6, NaN])), { x: 1, y: 60, raw: 6 });
  assert.equal(lastOf(lines([0], [NaN])), null);
});

test("the next point by keyboard is the nearest of all lines in that direction", () => {
  const all = [lines([0, 60, 120], [1, 1, 1]), lines([0, 1, 2, 61], [1, 1, 1, 1])];

  assert.equal(nextX(all, 2, 1), 60);
  assert.equal(nextX(all, 60, -1), 2);
  assert.equal(nextX(all, 120, 1), null);
});

test("nested parameters get dotted names", () => {
  assert.deepEqual(flatten({ lr: 0.1, opt: { name: "adam", betas: [0.9, 0.99] }, none: {}, off: null }), [
    ["lr", "0.1"], ["opt.name", "adam"], ["opt.betas", "[0.9,0.99]"], ["none", "{}"], ["off", "null"],
  ]);
});

test("a small curve has gaps at NaN and is empty without finite values", () => {
  assert.equal(sparkPath(xy([0, 1, 2, 3], [0, NaN, 1, 1])).match(/M/g)!.length, 2);
  assert.equal(sparkPath(xy([0], [NaN])), "");
  assert.equal(sparkPath(xy([0, 1], [-1e308, 1e308])), sparkPath(xy([0, 1], [0, 1])));
});

test("the run's id is read from the address", () => {
  assert.equal(runInAddress("/runs/01J%20x"), "01J x");
  assert.equal(runInAddress("/runs/01J/"), "01J");
  assert.equal(runInAddress("/"), null);
});

test("preferences survive, and a broken memory does not break the page", () => {
  const kept = new Map<string, string>([["agnez.prefs", "{not json"]]);
  const storage = { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) } as Storage;
  const told: string[] = [];

  const prefs = new Preferences(storage);
  prefs.onChange((_, name) => told.push(name));
  prefs.set("smoothing", 0.9);
  prefs.set("smoothing", 0.9);

  assert.deepEqual(told, ["smoothing"]);
  assert.equal(new Preferences(storage).now.smoothing, 0.9);
});
