import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame } from "../../../dashboards/web/src/frames.ts";
import { allWhole, buildLines, yExtent, type Drawing } from "../../../dashboards/web/src/lines.ts";
import { ChannelData } from "../../../dashboards/web/src/series.ts";
import type { Chain } from "../../../dashboards/web/src/sessions.ts";
import { columnsBytes, type Written } from "./columns_bytes.ts";

const PLAIN: Drawing = { axis: "x", origin: 0, log: false, smoothing: 0, unit: 1 };

function series(...written: Written[]): Chain[] {
  const data = new ChannelData();
  data.replace(decodeFrame(columnsBytes(written)).blocks, null, "x");
  return data.chains();
}

test("ranks of the newest session are one line with a break between them", () => {
  const lines = buildLines(series(
    { series: 1, session: 2, rank: 0, start: 0, end: 2, x: [0, 1], y: [1, 2] },
    { series: 2, session: 2, rank: 1, start: 0, end: 1, x: [0], y: [5] },
  ), PLAIN);

  assert.deepEqual([...lines.raw.x], [0, 1, NaN, 0]);
  assert.deepEqual([...lines.raw.y], [1, 2, NaN, 5]);
});

const FIRST = { series: 1, session: 100, start: 0, end: 5, x: [0, 1, 2, 3, 4], y: [9, 8, 7, 6, 5], wall: [101, 102, 103, 104, 105] };
const RESUMED = { series: 2, session: 200, start: 0, end: 3, x: [3, 4, 5], y: [1, 2, 3], wall: [201, 202, 203] };

test("a resumed run is one line of the newest session at each x, and a tail that leaves it", () => {
  const lines = buildLines(series(FIRST, RESUMED), PLAIN);

  assert.deepEqual([...lines.raw.x], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...lines.raw.y], [9, 8, 7, 1, 2, 3]);
  assert.deepEqual([...lines.old.x], [2, 3, 4]);
  assert.deepEqual([...lines.old.y], [7, 6, 5]);
  assert.equal(lines.older.x.length, 0);
});

test("along time the tail is told by its steps as well", () => {
  const lines = buildLines(series(FIRST, RESUMED), { ...PLAIN, axis: "wall" });

  assert.deepEqual([...lines.raw.x], [101, 102, 103, 201, 202, 203].map((wall) => wall / 1e6));
  assert.deepEqual([...lines.old.y], [7, 6, 5]);
});

test("smoothing goes along the newest line, and the tail keeps what it was before", () => {
  const how = { ...PLAIN, smoothing: 0.5 };
  const alone = buildLines(series(FIRST), how).smooth.y;
  const spliced = buildLines(series({ ...FIRST, session: 200, end: 6, x: [0, 1, 2, 3, 4, 5], y: [9, 8, 7, 1, 2, 3],
    wall: [201, 202, 203, 204, 205, 206] }), how).smooth.y;

  const lines = buildLines(series(FIRST, RESUMED), how);

  assert.deepEqual([...lines.smooth.y], [...spliced]);
  assert.deepEqual([...lines.old.y], [...alone].slice(2));
});

test("resumed twice, the tail of the first life is fainter than that of the second", () => {
  const again = { series: 3, session: 300, start: 0, end: 1, x: [1], y: [0], wall: [301] };

  const lines = buildLines(series(FIRST, RESUMED, again), PLAIN);

  assert.deepEqual([...lines.raw.y], [9, 0]);
  assert.deepEqual([...lines.old.y], [1, 2, 3]);
  assert.deepEqual([...lines.older.y], [9, 8, 7, 6, 5]);
});

test("sessions side by side are lines of their own", () => {
  const lines = buildLines(series(FIRST, { ...RESUMED, session: 104 }), PLAIN);

  assert.deepEqual([...lines.raw.y], [9, 8, 7, 6, 5, NaN, 1, 2, 3]);
  assert.equal(lines.old.x.length, 0);
});

test("an odd value that was gone over again is marked still", () => {
  const lines = buildLines(series({ ...FIRST, y: [9, 8, 7, NaN, 5] }, RESUMED), PLAIN);

  assert.deepEqual([...lines.odd.x], [3]);
});

test("odd values break the line and get a marker which tells them apart", () => {
  const lines = buildLines(series(
    { series: 1, start: 0, end: 5, x: [0, 1, 2, 3, 4], y: [1, NaN, 2, Infinity, -Infinity] },
  ), PLAIN);

  assert.deepEqual([...lines.raw.y], [1, NaN, 2, NaN, NaN]);
  assert.deepEqual([...lines.odd.x], [1, 3, 4]);
  assert.deepEqual(lines.odd.marker, ["x", "triangle", "inverted_triangle"]);
  assert.ok(lines.odd.y[1]! > 0.9 && lines.odd.y[0]! < 0.1 && lines.odd.y[2]! < 0.1);
});

test("on a log axis values at or below zero are marked at the floor", () => {
  const lines = buildLines(series({ series: 1, start: 0, end: 3, x: [0, 1, 2], y: [1, 0, -3] }), { ...PLAIN, log: true });

  assert.deepEqual([...lines.raw.y], [1, NaN, NaN]);
  assert.deepEqual(lines.odd.marker, ["inverted_triangle", "inverted_triangle"]);
});

test("few points all get a marker, of many only the newest that can be drawn", () => {
  const x = Array.from({ length: 100 }, (_, i) => i);
  const y = x.map((i) => (i === 99 ? NaN : i));

  const few = buildLines(series({ series: 1, start: 0, end: 2, x: [0, 1] }), PLAIN);
  const many = buildLines(series({ series: 1, start: 0, end: 100, x, y }), PLAIN);

  assert.deepEqual([...few.mark.x], [0, 1]);
  assert.deepEqual([...many.mark.x], [98]);
});

test("a series of nothing but NaN has no newest point to mark", () => {
  const x = Array.from({ length: 40 }, (_, i) => i);

  const { mark } = buildLines(series({ series: 1, start: 0, end: 40, x, y: x.map(() => NaN) }), PLAIN);

  assert.equal(mark.x.length, 0);
});

test("time is in seconds from the origin", () => {
  const lines = buildLines(series({ series: 1, start: 0, end: 2, x: [7, 8], y: [1, 2], wall: [5_000_000, 6_500_000] }),
    { ...PLAIN, axis: "wall", origin: 4_000_000 });

  assert.deepEqual([...lines.raw.x], [1, 2.5]);
});

test("without smoothing the line on top is the points as sent", () => {
  const lines = buildLines(series({ series: 1, start: 0, end: 2, x: [0, 1], y: [4, 2] }), PLAIN);

  assert.deepEqual([...lines.smooth.y], [4, 2]);
});

test("the range of values is that of the finite ones in sight", () => {
  const part = { x: Float64Array.of(0, 1, 2, 3), y: Float64Array.of(5, NaN, 1, 100) };

  assert.deepEqual(yExtent([part], null), { start: 1, end: 100 });
  assert.deepEqual(yExtent([part], { start: 0, end: 2 }), { start: 1, end: 5 });
  assert.equal(yExtent([], null), null);
});

test("steps are whole numbers, breaks between sessions aside", () => {
  const xy = (...x: number[]) => ({ x: Float64Array.from(x), y: new Float64Array(x.length) });

  assert.ok(allWhole([xy(0, 1, NaN, 5), xy()]));
  assert.ok(!allWhole([xy(0, 1), xy(0.5)]));
});
