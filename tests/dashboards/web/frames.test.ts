import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame } from "../../../dashboards/web/src/frames.ts";
import { columnsBytes } from "./columns_bytes.ts";

test("a frame gives its number, its blocks and their columns", () => {
  const body = columnsBytes([
    { series: 7, channel: 2, session: 1_763_736_000_000_000, rank: 1, start: 3, end: 5, x: [3, 4], y: [0.5, NaN], wall: [10, 20] },
    { series: 8, start: 0, end: 9, exact: false, x: [1], y: [2], wall: [3] },
  ], 42);

  const { number, blocks } = decodeFrame(body);

  assert.equal(number, 42);
  assert.equal(blocks.length, 2);
  assert.deepEqual({ ...blocks[0], x: [...blocks[0]!.x], y: [...blocks[0]!.y], wall: [...blocks[0]!.wall] }, {
    series: 7, channel: 2, session: 1_763_736_000_000_000, rank: 1, start: 3, end: 5, exact: true, refetch: false,
    x: [3, 4], y: [0.5, NaN], wall: [10, 20],
  });
  assert.equal(blocks[1]!.exact, false);
  assert.deepEqual([...blocks[1]!.y], [2]);
});

test("a block that asks for the view again carries no points", () => {
  const { blocks } = decodeFrame(columnsBytes([{ series: 1, start: 0, end: 900, refetch: true, exact: false }]));

  assert.equal(blocks[0]!.refetch, true);
  assert.equal(blocks[0]!.x.length, 0);
});

test("something else than columns is refused", () => {
  assert.throws(() => decodeFrame(new ArrayBuffer(32)), RangeError);
  assert.throws(() => decodeFrame(new ArrayBuffer(3)), RangeError);
});

test("columns that are cut are refused", () => {
  const body = columnsBytes([{ series: 1, start: 0, end: 2, x: [1, 2] }]);

  assert.throws(() => decodeFrame(body.slice(0, body.byteLength - 8)), RangeError);
});
