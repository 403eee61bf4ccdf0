import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame } from "../../../dashboards/web/src/frames.ts";
import { allWhole, buildLines, yExtent, type Drawing } from "../../../dashboards/web/src/lines.ts";
import { ChannelData, type Series } from "../../../dashboards/web/src/series.ts";
import { columnsBytes, type Written } from "./columns_bytes.ts";

const PLAIN: Drawing = { axis: "x", origin: 0, log: false, smoothing: 0, unit: 1 };

function series(...written: Written[]): Series[] {
  const data = new ChannelData();
  data.replace(decodeFrame(columnsBytes(written)).blocks, null, "x");
  return data.list();
}

test("ranks of the newest session are one line with a break between them", () => {
  const lines = buildLines(series(
    { series: 1, session: 2, rank: 0, start: 0, end: 2, x: [0, 1], y: [1, 2] },
    { series: 2, session: 2, rank: 1, start: 0, end: 1, x: [0], y: [5] },
  ), PLAIN);

  assert.deepEqual([...lines.raw.x], [0, 1, NaN, 0]);
  assert.deepEqual([...lines.raw.y], [1, 2, NaN, 5]);
});

test("earlier sessions are drawn apart", () => {
  const lines = buildLines(series(
    { series: 1, session: 1, start: 0, end: 2, x: [0, 1], y: [9, 8] },
    { series: 2, session: 2, start: 0, end: 1, x: [1], y: [7] },
  ), PLAIN);

  assert.deepEqual([...lines.old.y], [9, 8]);
  assert.deepEqual([...lines.raw.y], [7]);
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
