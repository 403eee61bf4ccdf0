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

test("the server is asked for one page in the chosen order", () => {
  const query = Filter.fromAddress("?q=cos").with({ sort: "name" }).query(60, 5000);

  assert.deepEqual(Object.fromEntries(query), { q: "cos", sort: "name", offset: "60", limit: "1000" });
});
