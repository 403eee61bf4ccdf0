import assert from "node:assert/strict";
import { test } from "node:test";

import { binAt, cellEdges, heatImage, histogramOf, massOf, sliceAt, valueExtent } from "../../../dashboards/web/src/kinds/heat.ts";
import { ridgesOf } from "../../../dashboards/web/src/kinds/ridges.ts";

const histogram = (counts: number[], edges: number[]) => histogramOf({ counts, edges, total: 0, nan: 0, inf: 0 });

test("a bin is spread over rows by area", () => {
  // One bin from 0.5 to 2.5 over rows [0,1), [1,2), [2,3): a quarter, a half, a quarter.
  const mass = massOf(histogram([8], [0.5, 2.5]), { start: 0, end: 3 }, 3);

  assert.deepEqual([...mass], [2, 4, 2]);
});

test("nothing is lost or made up when rows and bins differ", () => {
  const counts = [3, 0, 7, 2, 11];
  const mass = massOf(histogram(counts, [-1, -0.2, 0.1, 0.15, 2, 5]), { start: -1, end: 5 }, 37);

  assert.ok(Math.abs(mass.reduce((a, b) => a + b, 0) - 23) < 1e-9);
});

test("what lies outside of the part in sight is left out", () => {
  const mass = massOf(histogram([4, 4], [0, 1, 2]), { start: 1.5, end: 2 }, 2);

  assert.deepEqual([...mass], [1, 1]);
});

test("a bin without width stays in its row", () => {
  const mass = massOf(histogram([5], [1, 1]), { start: 0, end: 2 }, 2);

  assert.deepEqual([...mass], [0, 5]);
});

test("each step is shaded by its own largest row, and holds until halfway to the next", () => {
  const slices = [
    { x: 0, histogram: histogram([1, 2], [0, 1, 2]) }, { x: 10, histogram: histogram([100, 0], [0, 1, 2]) },
  ];
  const { cells } = heatImage(slices, { start: -5, end: 15 }, { start: 0, end: 2 }, { rows: 2, columns: 4 }, false);

  assert.deepEqual([...cells], [0.5, 0.5, 1, 1, 1, 1, NaN, NaN]);
});

test("an empty histogram shows nothing, and gives no range", () => {
  const slices = [{ x: 0, histogram: histogram([0, 0], [0, 1, 2]) }];
  const { cells } = heatImage(slices, { start: -1, end: 1 }, { start: 0, end: 2 }, { rows: 1, columns: 2 }, true);

  assert.ok([...cells].every(Number.isNaN));
  assert.equal(valueExtent(slices), null);
  assert.deepEqual(ridgesOf(slices), []);
});

test("cells of steps meet halfway, and a long gap before the last one does not make it reach out", () => {
  assert.deepEqual(cellEdges([0, 2, 10]), [-1, 1, 6, 11]);
  assert.deepEqual(cellEdges([7]), [6.5, 7.5]);
  assert.deepEqual(cellEdges([]), []);
});

test("the pointer reads the step whose cell it is in, and the bin as it was sent", () => {
  const slices = [0, 2, 10].map((x) => ({ x, histogram: histogram([x + 1, 3], [0, 1, 4]) }));

  assert.equal(sliceAt(slices, 5.9)?.x, 2);
  assert.equal(sliceAt(slices, 15), null);
  assert.deepEqual(binAt(slices[0]!.histogram, 2), { lo: 1, hi: 4, count: 3, share: 0.75 });
  assert.equal(binAt(slices[0]!.histogram, 5), null);
});

test("edges that don't fit are refused", () => {
  assert.throws(() => histogram([1, 2], [0, 1]), RangeError);
  assert.throws(() => histogram([1, 2], [0, 2, 1]), RangeError);
  assert.throws(() => histogramOf({ counts: [1], edges: [0, "Infinity"], total: 1, nan: 0, inf: 0 }), RangeError);
});

test("a ridgeline has at most 24 slices, the first and the last among them", () => {
  const slices = Array.from({ length: 500 }, (_, x) => ({ x, histogram: histogram([1, 2], [0, 1, 2]) }));
  const ridges = ridgesOf(slices);

  assert.equal(ridges.length, 24);
  assert.deepEqual([ridges[0]!.slice.x, ridges.at(-1)!.slice.x], [0, 499]);
  assert.deepEqual(ridges.map((one) => one.ground), Array.from({ length: 24 }, (_, i) => 0 - i));
});

test("of no steps the image is empty", () => {
  const { cells } = heatImage([], { start: 0, end: 1 }, { start: 0, end: 1 }, { rows: 2, columns: 2 }, false);

  assert.deepEqual([...cells], [NaN, NaN, NaN, NaN]);
});
