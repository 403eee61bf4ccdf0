import assert from "node:assert/strict";
import { test } from "node:test";

import { Filter } from "../../../dashboards/web/src/filter.ts";
import type { Run } from "../../../dashboards/web/src/model.ts";

const run = { project: "digits", state: "running", name: "Cosine-1", experiment: "Schedules", tags: ["Wide"] } as Run;

test("the address holds what is chosen and nothing else", () => {
  assert.equal(Filter.fromAddress("").address(), "");
  assert.equal(Filter.fromAddress("?project=a%20b&state=lost&q=x&sort=name").address(), "?project=a+b&state=lost&q=x&sort=name");
});

test("a state or an order that does not exist is left out", () => {
  assert.equal(Filter.fromAddress("?state=gone&sort=size").address(), "");
});

test("a run fits by project, state and part of its name in any case", () => {
  assert.ok(Filter.fromAddress("?project=digits&state=running&q=cos").fits(run));
  assert.ok(!Filter.fromAddress("?project=other").fits(run));
  assert.ok(!Filter.fromAddress("?state=failed").fits(run));
  assert.ok(!Filter.fromAddress("?q=linear").fits(run));
});

test("a search looks at names, experiments and tags", () => {
  assert.ok(Filter.fromAddress("?q=schedul").fits(run));
  assert.ok(Filter.fromAddress("?q=wide").fits(run));
  assert.ok(!Filter.fromAddress("?q=digits").fits(run));
});

test("a search looks at notes and at parameters by name and value", () => {
  const full = { ...run, notes: "too wide", params: { opt: { lr: 0.1 } } } as unknown as Run;

  assert.ok(Filter.fromAddress("?q=too+wi").fits(full));
  assert.ok(Filter.fromAddress("?q=opt.lr%3D0.1").fits(full));
});

test("what is in the trash is listed there and nowhere else", () => {
  const gone = { ...run, deleted_at: "2026-11-21T00:00:00.000000Z" } as Run;

  assert.ok(Filter.fromAddress("?deleted=true").fits(gone));
  assert.ok(!Filter.fromAddress("").fits(gone));
  assert.ok(!Filter.fromAddress("?deleted=true").fits(run));
});

test("any column that the server can sort by is an order", () => {
  assert.equal(Filter.fromAddress("?sort=-max%3Aval%2Facc").chosen.sort, "-max:val/acc");
  assert.equal(Filter.fromAddress("?sort=tags").chosen.sort, "-created_at");
});

test("the server is asked for one page in the chosen order", () => {
  const query = Filter.fromAddress("?q=cos").with({ sort: "name" }).query(60, 5000);

  assert.deepEqual(Object.fromEntries(query), { q: "cos", sort: "name", offset: "60", limit: "1000" });
});
