import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame, type Block } from "../../../dashboards/web/src/frames.ts";
import { ChannelData } from "../../../dashboards/web/src/series.ts";
import { supersededFrom, type Life } from "../../../dashboards/web/src/sessions.ts";
import examples from "../../support/sessions.json";
import { columnsBytes, type Written } from "./columns_bytes.ts";

const block = (written: Written): Block => decodeFrame(columnsBytes([written])).blocks[0]!;
const untils = (data: ChannelData): number[] => data.chains().flatMap(({ parts }) => parts.map(({ until }) => until));

for (const { name, series, superseded } of examples as { name: string; series: Life[]; superseded: object }[]) {
  test(`the rule which the server has: ${name}`, () => {
    assert.deepEqual(Object.fromEntries(supersededFrom(series)), superseded);
  });
}

test("a new session supersedes as soon as its first point comes", () => {
  const data = new ChannelData();
  data.replace([block({ series: 1, session: 100, start: 0, end: 3, x: [0, 1, 2], wall: [101, 102, 103] })], null, "x");
  assert.deepEqual(untils(data), [Infinity]);

  data.apply(block({ series: 2, session: 200, start: 0, end: 1, x: [1], wall: [201] }));

  assert.deepEqual(untils(data), [1, Infinity]);
});

test("zoomed in, what the server told decides: the view shows only a part of a session", () => {
  const data = new ChannelData();
  data.learn([
    { id: 1, session: 100, rank: 0, count: 250, min_x: 0, max_wall: 199 },
    { id: 2, session: 200, rank: 0, count: 90, min_x: 203, max_wall: 299 },
  ]);

  data.replace([
    block({ series: 1, session: 100, start: 0, end: 250, x: [240], wall: [190] }),
    block({ series: 2, session: 200, start: 0, end: 90, x: [240], wall: [240] }),
  ], { lo: 235, hi: 245 }, "x");

  assert.deepEqual(untils(data), [203, Infinity]);
});

test("points of an older session that come late make it one beside the other", () => {
  const data = new ChannelData();
  data.replace([
    block({ series: 1, session: 100, start: 0, end: 1, x: [0], wall: [101] }),
    block({ series: 2, session: 200, start: 0, end: 1, x: [0], wall: [201] }),
  ], null, "x");

  data.apply(block({ series: 1, session: 100, start: 1, end: 2, x: [1], wall: [250] }));

  assert.deepEqual(untils(data), [Infinity, Infinity]);
});
