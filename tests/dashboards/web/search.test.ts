import assert from "node:assert/strict";
import { test } from "node:test";

import { grouped } from "../../../dashboards/web/src/groups.ts";
import { searchFor } from "../../../dashboards/web/src/search.ts";

const found = (text: string, names: string[]): string[] => names.filter((name) => searchFor(text).matches(name));
const NAMES = ["train/loss", "val/loss", "layer1/grad", "old/layer1/grad", "Accuracy"];

test("all words must be in a name, in any case and order", () => {
  assert.deepEqual(found("LOSS val", NAMES), ["val/loss"]);
  assert.deepEqual(found("  ", NAMES), NAMES);
});

test("a word that ends in a slash finds names, and parts of names, that begin so", () => {
  assert.deepEqual(found("layer1/", NAMES), ["layer1/grad", "old/layer1/grad"]);
  assert.deepEqual(found("ayer1/", NAMES), []);
});

test("slashes around it make a regular expression", () => {
  assert.deepEqual(found("/^(train|val)\\/loss$/", NAMES), ["train/loss", "val/loss"]);
});

test("an expression that is none says why and hides nothing", () => {
  const search = searchFor("/(/");

  assert.match(search.error!, /\(/);
  assert.ok(NAMES.every((name) => search.matches(name)));
});

test("charts that share what stands before the slash are a group, others stand first", () => {
  const groups = grouped(["train/loss", "lr", "val/loss", "train/acc"], (name) => name);

  assert.deepEqual(groups, [
    { name: "", items: ["lr", "val/loss"] }, { name: "train", items: ["train/loss", "train/acc"] },
  ]);
});

test("five thousand names are searched in less than a tenth of a second", () => {
  const names = Array.from({ length: 5000 }, (_, n) => `block${n % 50}/layer${n}/weight`);
  const began = performance.now();

  assert.equal(found("block7/ layer4", names).length, names.filter((name) => name.startsWith("block7/") && name.includes("layer4")).length);
  assert.ok(performance.now() - began < 100);
});
