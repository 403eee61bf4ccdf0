import assert from "node:assert/strict";
import { test } from "node:test";

import { arranged, isUnarranged, moved, sizeOf, UNARRANGED, withOrder, withSize } from "../../../dashboards/web/src/cells/arrangement.ts";
import { cellOf, isEmpty, type Cell } from "../../../dashboards/web/src/cells/record.ts";

const cell = (id: string, pos: number): Cell => ({ id, pos, name: id, description: "", type: "html", run: "" });
const ids = (cells: readonly Cell[]): string => cells.map((one) => one.id).join("");

test("what nobody arranged stands by its position, the older first, without one at the end", () => {
  assert.equal(ids(arranged([cell("a", Infinity), cell("b", 2), cell("c", -1), cell("d", 2), cell("e", Infinity)], [])), "cbdae");
});

test("arranged cells come first, ids of cells that are gone are passed over", () => {
  assert.equal(ids(arranged([cell("a", 0), cell("b", 1), cell("c", 2)], ["gone", "c", "a"])), "cab");
});

test("one is moved past the others in either direction", () => {
  assert.deepEqual(moved(["a", "b", "c", "d"], 0, 2), ["b", "c", "a", "d"]);
  assert.deepEqual(moved(["a", "b", "c", "d"], 3, 0), ["d", "a", "b", "c"]);
  assert.deepEqual(moved(["a", "b"], 1, 1), ["a", "b"]);
});

test("a cell that is gone keeps its place behind the one it stood behind", () => {
  const before = { ...UNARRANGED, order: ["x", "a", "y", "z", "b"] };

  assert.deepEqual(withOrder(before, ["b", "a", "c"]).order, ["x", "b", "a", "y", "z", "c"]);
});

test("the size that every cell has is not kept", () => {
  const wide = withSize(UNARRANGED, "a", { columns: 2, height: null });

  assert.deepEqual(wide.sizes, { a: { columns: 2, height: null } });
  assert.ok(!isUnarranged(wide));
  assert.ok(isUnarranged(withSize(wide, "a", { columns: 1, height: null })));
});

test("a record is read with care", () => {
  assert.equal(cellOf({ _id: "1", name: "no type" }), null);
  assert.equal(cellOf({ _id: "1", type: ["html"] }), null);
  assert.deepEqual(cellOf({ _id: "1", type: "img", name: { a: 1 }, pos: "2", description: null, run: 5 }),
    { id: "1", type: "img", name: "", description: "", pos: 2, run: "" });
  for (const pos of [undefined, null, "", "first", [1], true, NaN]) assert.equal(cellOf({ _id: "1", type: "img", pos })!.pos, Infinity);
  assert.equal(cellOf({ _id: "1", type: "img", name: "x".repeat(100_000) })!.name.length, 301);
});

test("nothing yet is what clients send first", () => {
  for (const value of [[], "", " \n", null, undefined]) assert.ok(isEmpty(value));
  for (const value of ["a", 0, false, {}, [1]]) assert.ok(!isEmpty(value));
});

test("an id may be a name that every object has", () => {
  for (const id of ["constructor", "__proto__", "toString"]) {
    assert.deepEqual(sizeOf(UNARRANGED, id), { columns: 1, height: null });
    assert.deepEqual(sizeOf(withSize(UNARRANGED, id, { columns: 3, height: 90 }), id), { columns: 3, height: 90 });
  }
});
