import assert from "node:assert/strict";
import { test } from "node:test";

import { arranged, cellText, csvOf, isNumeric, type Row } from "../../../dashboards/web/src/kinds/rows.ts";
import { peaksOf } from "../../../dashboards/web/src/kinds/peaks.ts";

const ROWS: Row[] = [["b", 10], ["a10", 2], ["a9", null], ["c", "NaN"], ["d", -3], ["e", "Infinity"]];

test("numbers are sorted as numbers, what is missing stands last either way", () => {
  const by = (descending: boolean) => arranged(ROWS, "", { column: 1, descending }).map((row) => row[1]);

  assert.deepEqual(by(false), [-3, 2, 10, "Infinity", null, "NaN"]);
  assert.deepEqual(by(true), ["Infinity", 10, 2, -3, null, "NaN"]);
});

test("texts with numbers are sorted as people count", () => {
  assert.deepEqual(arranged(ROWS, "A", { column: 0, descending: false }).map((row) => row[0]), ["a9", "a10", "c"]);
});

test("a filter looks into every cell, whatever the case", () => {
  assert.deepEqual(arranged(ROWS, " A1 ", null).map((row) => row[0]), ["a10"]);
  assert.equal(arranged(ROWS, "", null).length, ROWS.length);
});

test("CSV quotes what needs it (RFC 4180)", () => {
  assert.equal(csvOf(["a,b", "c"], [['say "x"', 1.5], ["two\nlines", null]]), '"a,b",c\r\n"say ""x""",1.5\r\n"two\nlines",\r\n');
});

test("cells in words", () => {
  assert.deepEqual([0.1 + 0.2, -2, true, null, "x"].map(cellText), ["0.3", "−2", "true", "", "x"]);
});

test("a column of numbers and gaps is numeric", () => {
  assert.equal(isNumeric(ROWS, 1), true);
  assert.equal(isNumeric(ROWS, 0), false);
  assert.equal(isNumeric([[null]], 0), false);
});

test("peaks are the extremes of equal parts over all channels", () => {
  const { low, high } = peaksOf([Float32Array.of(0, 0.5, -0.25, 0), Float32Array.of(0, 0, 0, 2)], 2);

  assert.deepEqual([[...low], [...high]], [[0, -0.25], [0.5, 1]]);
});
