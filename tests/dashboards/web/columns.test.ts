import assert from "node:assert/strict";
import { test } from "node:test";

import { bestOf, columnOf, columnsOf, trashColumns } from "../../../dashboards/web/src/home/columns.ts";
import { Selection } from "../../../dashboards/web/src/home/selection.ts";
import type { Run } from "../../../dashboards/web/src/model.ts";
import { flatten, valueAt } from "../../../dashboards/web/src/params.ts";
import { partOf, progressText } from "../../../dashboards/web/src/progress.ts";

const run = { params: { lr: 0.1, opt: { name: "sgd", "beta.1": 0.9 } }, state: "running" } as unknown as Run;

test("a column of figures asks the server to sort by what it shows", () => {
  const column = columnOf("min:val/loss")!;

  assert.deepEqual([column.sort, column.channel, column.label], ["min:val/loss", "val/loss", "min val/loss"]);
});

test("a figure that is not there is empty, one that JSON can't hold is named", () => {
  const figures = { run: "r", first: [], figures: { loss: { last: "NaN" as const, last_x: 1, min: null, max: null } } };

  assert.equal(columnOf("last:loss")!.text(run, figures), "NaN");
  assert.equal(columnOf("last:other")!.text(run, figures), "");
  assert.equal(columnOf("last:toString")!.text(run, figures), "");
});

test("a parameter is found by its dotted name, dots of its own included", () => {
  assert.equal(columnOf("param:opt.name")!.text(run, null), "sgd");
  assert.equal(columnOf("param:opt.beta.1")!.text(run, null), "0.9");
  for (const [name, text] of flatten(run.params)) assert.equal(String(valueAt(run.params, name)), text);
});

test("what is no column is left out", () => {
  assert.deepEqual(columnsOf(["points", "constructor", "last:", "param", "x:y", "tags"]).map((one) => one.id), ["points", "tags"]);
});

test("the best of a loss is its least, of an accuracy its largest", () => {
  assert.deepEqual(["loss", "val/acc_loss", "word error", "wer", "mse"].map(bestOf), ["min", "min", "min", "min", "min"]);
  assert.deepEqual(["acc", "val/Accuracy", "mAP@50", "top5", "mean_reward"].map(bestOf), ["max", "max", "max", "max", "max"]);
});

test("progress is told where steps and their total are known", () => {
  const half = { ...run, step: 500, total_steps: 1000, eta_s: 90 } as Run;

  assert.equal(partOf(half), 0.5);
  assert.equal(progressText(half, 30), "500 of 1,000 steps · 50% · 1m 00s left");
  assert.equal(progressText({ ...half, state: "failed" }, 0), "500 of 1,000 steps · 50%");
  assert.equal(partOf({ ...half, total_steps: null }), null);
  assert.equal(partOf({ ...half, step: 5000 }), 1);
});

test("shift selects all between two runs, in the order of the list", () => {
  const chosen = new Selection(() => ["a", "b", "c", "d"], () => undefined);

  chosen.turn("d", true, false);
  chosen.turn("b", true, true);

  assert.deepEqual([chosen.ids, chosen.extent], [["b", "c", "d"], "some"]);
});

test("the trash says when a run was deleted, and how long it stays", () => {
  const at = (days: number): Run => ({ deleted_at: new Date(Date.now() - days * 86_400_000).toISOString() }) as Run;
  const left = (days: number, keep: number): string => trashColumns(keep)[1]!.text(at(days), null);

  assert.deepEqual([left(0.5, 7), left(3.5, 7), left(8, 7)], ["6 days", "3 days", "goes soon"]);
  assert.match(left(6.5, 7), /^12\s?h|^11\s?h/);
  assert.deepEqual(trashColumns(null).map(({ id }) => id), ["deleted_at"]);
});
