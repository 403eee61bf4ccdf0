import assert from "node:assert/strict";
import { test } from "node:test";

import { isTrouble } from "../../../dashboards/web/src/console/trouble.ts";
import { refusals } from "../../../dashboards/web/src/entries/nothing.ts";
import type { ConsoleLine } from "../../../dashboards/web/src/model.ts";

/** Numbers of the lines that look like errors. */
function troubles(texts: readonly string[]): number[] {
  const line = (n: number): ConsoleLine | undefined =>
    texts[n] === undefined ? undefined : { session: 0, rank: 0, number: n, wall: 0, stream: "stderr", text: texts[n] };
  return [...texts.keys()].filter((n) => isTrouble(n, line));
}

test("a traceback is trouble from its head to its error, and no line after it", () => {
  assert.deepEqual(troubles([
    "100%|####| 20/20 [00:01<00:00, 19it/s]", "Traceback (most recent call last):", '  File "a.py", line 1, in <module>',
    "    1/0", "    ~^~", "ZeroDivisionError: division by zero", "after", "  indented",
  ]), [1, 2, 3, 4, 5]);
});

test("errors are known by their words, metrics with such names are none", () => {
  assert.deepEqual(troubles([
    "ERROR:root:no shard", "2026-11-21 CRITICAL out of disk", "RuntimeError: CUDA out of memory", "a.c:3: error: no such file",
    "Exception in thread Thread-1:", "KeyboardException",
  ]), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(troubles([
    "WARNING:root:slow", "val Error: 0.25", "RelativeError: -1e-3", "test_error=0.1", "no errors", "ErrorRate 3", "terror: mild",
  ]), []);
});

test("an empty chart tells what of its own channels was refused", () => {
  const dropped = [
    { channel: "confusion", reason: "y is str", count: 1200 }, { channel: "loss", reason: "y is str", count: 1 },
    { channel: null, reason: "other reasons", count: 3 },
  ];

  assert.deepEqual(refusals(dropped, new Set(["confusion", "other"])), ["1,200 refused: y is str"]);
});
