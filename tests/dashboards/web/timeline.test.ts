import assert from "node:assert/strict";
import { test } from "node:test";

import { placeAt, placesOf, spread, stopsOf, type StepsOfSeries } from "../../../dashboards/web/src/entries/timeline.ts";

const OLD: StepsOfSeries = { id: 1, session: 10, rank: 0, superseded_from: 2, x: [0, 1, 2, 3], wall: [1, 2, 3, 4] };
const NEW: StepsOfSeries = { id: 2, session: 20, rank: 0, superseded_from: null, x: [2, 3, 4], wall: [5, 6, 7] };
const OTHER: StepsOfSeries = { id: 3, session: 10, rank: 1, superseded_from: null, x: [0.5], wall: [1] };

const seen = (places: readonly { series: number; ordinal: number }[]): string =>
  places.map(({ series, ordinal }) => `${series}:${ordinal}`).join(" ");

test("places of a rank come by x, those of the older session first", () => {
  const places = placesOf([NEW, OLD, OTHER], 0);

  assert.equal(seen(places), "1:0 1:1 1:2 2:0 1:3 2:1 2:2");
  assert.deepEqual(places.filter((one) => one.superseded).map((one) => one.x), [2, 3]);
});

test("superseded entries have stops only when they are wanted", () => {
  const panes = [placesOf([OLD, NEW], 0), placesOf([OTHER], 1)];

  assert.deepEqual(stopsOf(panes, false).map((one) => one.x), [0, 0.5, 1, 2, 3, 4]);
  assert.deepEqual(stopsOf(panes, true).map((one) => [one.x, one.session]),
    [[0, null], [0.5, null], [1, null], [2, 10], [2, null], [3, 10], [3, null], [4, null]]);
});

test("a pane shows the last entry up to the stop", () => {
  const places = placesOf([OLD, NEW], 0);

  assert.equal(placeAt(places, { x: 1.7, session: null, nth: 0 })?.x, 1);
  assert.equal(placeAt(places, { x: 2, session: null, nth: 0 })?.series, 2);
  assert.equal(placeAt(places, { x: 3, session: 10, nth: 0 })?.series, 1);
  assert.equal(placeAt(places, { x: -1, session: null, nth: 0 }), null);
});

test("entries at the same x are told apart", () => {
  const places = placesOf([{ ...NEW, x: [5, 5, 5] }], 0);
  const stops = stopsOf([places], false);

  assert.deepEqual(stops.map((stop) => placeAt(places, stop)?.ordinal), [0, 1, 2]);
});

test("of many places a few are picked, and stay picked while more come", () => {
  const steps = (n: number): StepsOfSeries =>
    ({ ...NEW, x: Array.from({ length: n }, (_, i) => i), wall: Array.from({ length: n }, () => 0) });
  const few = spread(placesOf([steps(100)], 0), 20).map((one) => one.x);
  const more = spread(placesOf([steps(120)], 0), 20).map((one) => one.x);

  assert.ok(few.length <= 20 && few[0] === 0 && few.at(-1) === 99);
  assert.ok(few.slice(0, -1).every((x) => more.includes(x)));
  assert.deepEqual(spread(placesOf([steps(3)], 0), 20).map((one) => one.x), [0, 1, 2]);
});
