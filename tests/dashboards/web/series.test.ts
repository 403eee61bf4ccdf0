import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame, type Block } from "../../../dashboards/web/src/frames.ts";
import { ChannelData } from "../../../dashboards/web/src/series.ts";
import { columnsBytes, type Written } from "./columns_bytes.ts";

const block = (written: Written): Block => decodeFrame(columnsBytes([written])).blocks[0]!;
const xs = (data: ChannelData, at = 0): number[] => [...data.list()[at]!.x.view()];

function withView(...written: Written[]): ChannelData {
  const data = new ChannelData();
  data.replace(written.map(block), null, "x");
  return data;
}

test("a block that joins on to the cursor extends the series", () => {
  const data = withView({ series: 1, start: 0, end: 2, x: [0, 1] });

  assert.equal(data.apply(block({ series: 1, start: 2, end: 4, x: [2, 3] })), "extended");
  assert.deepEqual(xs(data), [0, 1, 2, 3]);
  assert.deepEqual(data.cursors(), { 1: 4 });
});

test("points that are in already are dropped from an exact block", () => {
  const data = withView({ series: 1, start: 0, end: 3, x: [0, 1, 2] });

  assert.equal(data.apply(block({ series: 1, start: 1, end: 5, x: [1, 2, 3, 4] })), "extended");
  assert.deepEqual(xs(data), [0, 1, 2, 3, 4]);
});

test("a block of which every point is in changes nothing", () => {
  const data = withView({ series: 1, start: 0, end: 3, x: [0, 1, 2] });

  assert.equal(data.apply(block({ series: 1, start: 0, end: 3, x: [0, 1, 2] })), "known");
  assert.deepEqual(xs(data), [0, 1, 2]);
});

test("a block that begins after the cursor is a gap and is not taken", () => {
  const data = withView({ series: 1, start: 0, end: 2, x: [0, 1] });

  assert.equal(data.apply(block({ series: 1, start: 3, end: 4, x: [3] })), "gap");
  assert.deepEqual(xs(data), [0, 1]);
  assert.deepEqual(data.cursors(), { 1: 2 });
});

test("a thinned block that overlaps can't be cut, so it is a gap", () => {
  const data = withView({ series: 1, start: 0, end: 10, x: [0, 9] });

  assert.equal(data.apply(block({ series: 1, start: 5, end: 30, exact: false, x: [5, 20, 29] })), "gap");
});

test("a thinned block that joins on is taken and the series is not exact any more", () => {
  const data = withView({ series: 1, start: 0, end: 2, x: [0, 1] });

  assert.equal(data.apply(block({ series: 1, start: 2, end: 50, exact: false, x: [2, 49] })), "extended");
  assert.equal(data.list()[0]!.exact, false);
  assert.deepEqual(data.cursors(), { 1: 50 });
});

test("a request to ask again is a gap even when nothing is new", () => {
  const data = withView({ series: 1, start: 0, end: 2, x: [0, 1] });

  assert.equal(data.apply(block({ series: 1, start: 2, end: 2, refetch: true, exact: false })), "gap");
});

test("a new session is taken from its first point, or not at all", () => {
  const data = withView({ series: 1, session: 5, start: 0, end: 1, x: [0] });

  assert.equal(data.apply(block({ series: 2, session: 6, start: 4, end: 5, x: [4] })), "gap");
  assert.equal(data.apply(block({ series: 2, session: 6, start: 0, end: 2, x: [0, 1] })), "extended");
  assert.deepEqual(data.list().map((one) => one.session), [5, 6]);
});

test("zoomed in, live points outside the range move the cursor only", () => {
  const data = new ChannelData();
  data.replace([block({ series: 1, start: 0, end: 100, x: [10, 11] })], { lo: 10, hi: 20 }, "x");

  data.apply(block({ series: 1, start: 100, end: 103, x: [15, 99, 100] }));

  assert.deepEqual(xs(data), [10, 11, 15]);
  assert.deepEqual(data.cursors(), { 1: 103 });
});

test("a range of time is compared with the wall clock", () => {
  const data = new ChannelData();
  data.replace([], { lo: 1000, hi: 2000 }, "wall");

  data.apply(block({ series: 1, start: 0, end: 2, x: [0, 1], wall: [1500, 2500] }));

  assert.deepEqual(xs(data), [0]);
});

test("a column grows past its first capacity", () => {
  const many = Array.from({ length: 1000 }, (_, i) => i);
  const data = withView({ series: 1, start: 0, end: 1, x: [-1] });

  data.apply(block({ series: 1, start: 1, end: 1001, x: many }));

  assert.deepEqual(xs(data), [-1, ...many]);
});

test("the newest value is known by its time, whichever series it is of", () => {
  const data = withView({ series: 1, start: 0, end: 2, x: [0, 1], y: [5, NaN], wall: [10, 30] });
  assert.equal(data.newest!.y, NaN);

  data.apply(block({ series: 2, rank: 1, start: 0, end: 1, x: [0], y: [7], wall: [20] }));
  assert.equal(data.newest!.y, NaN);
  data.apply(block({ series: 1, start: 2, end: 3, x: [2], y: [8], wall: [40] }));

  assert.equal(data.newest!.y, 8);
});

test("a view of a range does not tell the newest value, live points outside of it do", () => {
  const data = new ChannelData();
  data.replace([block({ series: 1, start: 0, end: 100, x: [10], y: [1] })], { lo: 0, hi: 20 }, "x");
  assert.equal(data.newest, null);

  data.apply(block({ series: 1, start: 100, end: 101, x: [100], y: [2] }));

  assert.equal(data.newest!.y, 2);
});
