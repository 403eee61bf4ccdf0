import assert from "node:assert/strict";
import { test } from "node:test";

import { flow } from "../../../dashboards/web/src/picture.ts";

test("the legend of a picture goes on in the next row where it is full", () => {
  assert.deepEqual(flow([40, 40, 30], 10, 90), [{ row: 0, left: 0 }, { row: 0, left: 50 }, { row: 1, left: 0 }]);
});

test("what is wider than a row gets one of its own", () => {
  assert.deepEqual(flow([200, 20], 10, 90), [{ row: 0, left: 0 }, { row: 1, left: 0 }]);
});

test("no lines, no rows", () => {
  assert.deepEqual(flow([], 10, 90), []);
});
