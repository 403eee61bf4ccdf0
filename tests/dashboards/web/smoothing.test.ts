import assert from "node:assert/strict";
import { test } from "node:test";

import { smooth } from "../../../dashboards/web/src/smoothing.ts";

const of = (...values: number[]): Float64Array => Float64Array.from(values);
const near = (found: Float64Array, expected: number[]): void => {
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-12, `${[...found]}`));
};

test("at even steps it is the debiased average: each step back weighs half", () => {
  near(smooth(of(0, 1, 2), of(4, 1, 1), 0.5, 1), [4, (0.5 * 4 + 1) / 1.5, (0.25 * 4 + 0.5 + 1) / 1.75]);
});

test("a constant stays what it is, from the first point on", () => {
  near(smooth(of(0, 1, 5, 6), of(3, 3, 3, 3), 0.99, 1), [3, 3, 3, 3]);
});

test("a point far from the one before it is hardly drawn towards it", () => {
  // After 60 units 0.9^60 = 0.0018 of the weight remains.
  const [, second] = smooth(of(0, 60), of(10, 0), 0.9, 1);

  assert.ok(second! < 0.02);
});

test("twice the unit halves the distance", () => {
  near(smooth(of(0, 2, 4), of(1, 5, 2), 0.7, 2), [...smooth(of(0, 1, 2), of(1, 5, 2), 0.7, 1)]);
});

test("NaN and infinity pass through and leave no trace", () => {
  const clean = smooth(of(0, 2), of(1, 3), 0.5, 1);
  const found = smooth(of(0, 1, 2), of(1, NaN, 3), 0.5, 1);

  assert.ok(Number.isNaN(found[1]!));
  assert.equal(found[2], clean[1]);
  assert.equal(smooth(of(0), of(Infinity), 0.5, 1)[0], Infinity);
});

test("two points at the same place both count", () => {
  const [, second] = smooth(of(1, 1), of(0, 8), 0.5, 1);

  assert.ok(second! > 0);
});
