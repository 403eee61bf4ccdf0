import assert from "node:assert/strict";
import { test } from "node:test";

import {
  formatBytes, formatDuration, formatFigure, formatMoment, formatShare, formatShort, formatStep, formatValue,
} from "../../../dashboards/web/src/format.ts";

test("values keep four significant digits and lose none of their size", () => {
  const cases: [number | null, string][] = [
    [0.31415926, "0.3142"], [1199, "1,199"], [12345.678, "12,346"], [0, "0"], [-2.5, "−2.500"],
    [0.00001234, "1.234e−5"], [3e-4, "3e−4"], [1.5e9, "1.5e9"], [NaN, "NaN"], [Infinity, "∞"], [-Infinity, "−∞"], [null, "–"],
  ];

  for (const [value, text] of cases) assert.equal(formatValue(value), text);
});

test("channels of bytes tell their unit, in the thousands of the axis", () => {
  assert.equal(formatFigure("system/memory_bytes", 560_284_000), "560 MB");
  assert.equal(formatFigure("system/disk_write_bytes_per_s", 205_790.9), "206 kB/s");
  assert.deepEqual([0, 8.5e9, NaN].map((value) => formatFigure("system/memory_bytes", value)), ["0 B", "8.5 GB", "NaN"]);
  assert.equal(formatFigure("nbytes_loss", 0.5), "0.5000");
});

test("areas under curves have three decimals, and only a whole one is 1", () => {
  assert.deepEqual([1, 0.99999, 0.9981, 0.5, 0].map(formatShare), ["1.000", ">0.999", "0.998", "0.500", "0.000"]);
});

test("durations are read at a glance", () => {
  const cases: [number, string][] = [[8.9, "8s"], [245, "4m 05s"], [11_520, "3h 12m"], [187_200, "2d 4h"], [-3, "0s"]];

  for (const [seconds, text] of cases) assert.equal(formatDuration(seconds), text);
});

test("counts and sizes are short", () => {
  assert.deepEqual([950, 12_345, 4_560_000, 999_600].map(formatShort), ["950", "12.3k", "4.56M", "1M"]);
  assert.deepEqual([512, 1536, 5 * 2 ** 20].map(formatBytes), ["512 B", "1.5 KiB", "5 MiB"]);
});

test("whole steps have separators, others their digits", () => {
  assert.equal(formatStep(1_234_567), "1,234,567");
  assert.equal(formatStep(0.125), "0.125");
});

test("a moment says no more than it must", () => {
  const now = new Date(2026, 10, 21, 18, 0);

  assert.equal(formatMoment(new Date(2026, 10, 21, 15, 4).toISOString(), now), "15:04");
  assert.equal(formatMoment(new Date(2026, 2, 3, 9, 30).toISOString(), now), "3 Mar, 09:30");
  assert.equal(formatMoment(null, now), "–");
  assert.equal(formatMoment("what?", now), "–");
});
