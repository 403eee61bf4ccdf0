// What every client of Feathers can do, over one transport.
//
//     node calls.mjs URL rest|websocket|polling|upgrade

import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";

import errors from "@feathersjs/errors";

import { connect, outcome } from "./clients.mjs";

const [url, kind] = process.argv.slice(2);
const { app, values, close } = connect(kind, url);
after(close);
afterEach(() => values.remove(null));

test("a record comes back as it was sent, with an id", async () => {
  const sent = { text: "ä\u0000😀</script>", n: -1.5e-7, whole: 2 ** 53 - 1, no: null, yes: true,
    list: [1, [], {}], deep: { "a b": { "$c": [""] } }, "": "empty", __proto__x: 1 };
  const made = await values.create(sent);

  assert.match(made._id, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(made, { ...sent, _id: made._id });
  assert.deepEqual(await values.get(made._id), made);
  assert.deepEqual(await values.find(), [made]);
});

test("the six methods", async () => {
  const made = await values.create({ name: "loss", pos: 1, type: "html" });
  assert.deepEqual(await values.patch(made._id, { pos: 2 }), { ...made, pos: 2 });
  const other = { name: "acc", _id: "mine" };
  assert.deepEqual(await values.update(made._id, other), { name: "acc", _id: made._id });
  assert.deepEqual(await values.remove(made._id), { name: "acc", _id: made._id });
  assert.deepEqual(await values.find(), []);
});

test("many at once, in order", async () => {
  const made = await values.create([{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(made.map((one) => one.n), [1, 2, 3]);
  const query = { n: { $gt: 1 } };
  const patched = await values.patch(null, { big: true }, { query });
  assert.deepEqual(patched.map((one) => [one.n, one.big]), [[2, true], [3, true]]);
  const removed = await values.remove(null, { query: { big: true } });
  assert.deepEqual(removed.map((one) => one._id), made.slice(1).map((one) => one._id));
  assert.deepEqual((await values.find()).map((one) => one.n), [1]);
});

test("queries with types and long lists", async () => {
  const made = await values.create(Array.from({ length: 60 }, (_, n) => ({ n, even: n % 2 === 0 })));
  const some = made.slice(0, 50).map((one) => one._id);
  const found = async (query) => (await values.find({ query })).map((one) => one.n);

  assert.deepEqual(await found({ n: 7 }), [7]);
  assert.deepEqual(await found({ even: true, n: { $lt: 5 } }), [0, 2, 4]);
  assert.equal((await found({ _id: { $in: some } })).length, 50);
  assert.deepEqual(await found({ $or: [{ n: 10 }, { n: 9 }], $sort: { n: 1 } }), [9, 10]);
  assert.deepEqual(await found({ $sort: { n: -1 }, $limit: 2, $skip: 1 }), [58, 57]);
  assert.deepEqual(await values.find({ query: { n: 3, $select: ["even"] } }),
    [{ even: false, _id: made[3]._id }]);
});

test("errors are of their classes", async () => {
  await values.create({ _id: "taken" });
  const expected = [
    [() => values.get("nope"), errors.NotFound, 404, "not-found"],
    [() => values.patch("nope", {}), errors.NotFound, 404, "not-found"],
    [() => values.create({ _id: "taken" }), errors.Conflict, 409, "conflict"],
    [() => values.create("text"), errors.BadRequest, 400, "bad-request"],
    [() => values.update(null, {}), errors.BadRequest, 400, "bad-request"],
    [() => values.find({ query: { n: { $where: 1 } } }), errors.BadRequest, 400, "bad-request"],
  ];
  if (kind !== "rest") {
    // By REST that is a page like any other that is not there.
    expected.push([() => app.service("nope").find(), errors.NotFound, 404, "not-found"]);
  }
  for (const [work, Class, code, className] of expected) {
    const error = await outcome(work);
    assert.ok(error instanceof Class, `${work}: ${error}`);
    assert.deepEqual([error.code, error.className], [code, className]);
    assert.ok(error.message.length > 10, error.message);
  }
  assert.deepEqual(await values.find(), [{ _id: "taken" }]);
});

test("2 MB of html", async () => {
  const value = "<p title='ü'>\"\\</p>".repeat(110_000);
  const made = await values.create({ type: "html", value });
  assert.equal(made.value.length, value.length);
  assert.equal((await values.patch(made._id, { value: value + "!" })).value, value + "!");
});

test("both names of the service", async () => {
  const made = await app.service("api/v1/values").create({ n: 1 });
  assert.deepEqual(await app.service("/values/").get(made._id), made);
});

test("fifty calls at once", async () => {
  const made = await Promise.all(Array.from({ length: 50 }, (_, n) => values.create({ n })));
  assert.deepEqual(made.map((one) => one.n), Array.from({ length: 50 }, (_, n) => n));
  assert.equal((await values.find()).length, 50);
});
