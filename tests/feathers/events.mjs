// Who hears what: clients of all transports beside each other.
//
//     node events.mjs URL

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { connect, next, outcome } from "./clients.mjs";

const [url] = process.argv.slice(2);
const NAMES = ["created", "updated", "patched", "removed"];
const kinds = ["rest", "websocket", "polling", "upgrade"];
const clients = Object.fromEntries(kinds.map((kind) => [kind, connect(kind, url)]));
const all = Object.values(clients);
const heard = Object.fromEntries(kinds.slice(1).map((kind) => [kind, listen(clients[kind])]));
after(() => all.forEach((client) => client.close()));

/** What a client hears, as it comes. */
function listen({ values }) {
  const told = [];
  for (const name of NAMES) {
    values.on(name, (record) => told.push([name, record]));
  }
  return told;
}

/** One more change, and what everybody had heard when they heard of that. */
async function everythingUpTo(id) {
  const ends = kinds.slice(1).map((kind) => new Promise((resolve) => {
    clients[kind].values.on("created", (record) => record._id === id && resolve());
  }));
  await clients.rest.values.create({ _id: id });
  await Promise.all(ends);
  return Object.values(heard).map((told) => told.slice(0, -1));
}

beforeEach(async (t) => {
  await Promise.all(all.map(({ socket }) => socket && !socket.connected && next(socket, "connect")));
  await clients.rest.values.remove(null);
  await everythingUpTo(`before ${t.name}`);
  Object.values(heard).forEach((told) => told.splice(0));
});

test("each change is heard once, by all, the sender included, whoever made it", async () => {
  const expected = [];
  for (const kind of kinds) {
    const { values } = clients[kind];
    const made = await values.create({ by: kind });
    const patched = await values.patch(made._id, { n: 1 });
    const updated = await values.update(made._id, { last: true });
    await values.remove(made._id);
    expected.push(["created", made], ["patched", patched], ["updated", updated],
      ["removed", updated]);
  }
  for (const told of await everythingUpTo("end of each")) {
    assert.deepEqual(told, expected);
  }
});

test("all hear the same order when all change something at the same time", async () => {
  const work = kinds.map(async (kind) => {
    const made = await clients[kind].values.create({ by: kind, n: 0 });
    for (let n = 1; n <= 15; n += 1) {
      await clients[kind].values.patch(made._id, { n });
    }
  });
  await Promise.all(work);

  const [first, ...others] = await everythingUpTo("end of many");
  others.forEach((told) => assert.deepEqual(told, first));
  for (const kind of kinds) {
    const own = first.filter(([, record]) => record.by === kind).map(([, record]) => record.n);
    assert.deepEqual(own, Array.from({ length: 16 }, (_, n) => n));
  }
});

test("many at once are an event each, in order", async () => {
  const made = await clients.polling.values.create(Array.from({ length: 500 }, (_, n) => ({ n })));
  const patched = await clients.rest.values.patch(null, { x: 1 }, { query: { n: { $gte: 490 } } });

  const expected = [...made.map((one) => ["created", one]),
    ...patched.map((one) => ["patched", one])];
  for (const told of await everythingUpTo("end of bulk")) {
    assert.deepEqual(told, expected);
  }
});

test("nothing is heard of what was refused", async () => {
  for (const { values } of all) {
    await outcome(() => values.patch("nope", { n: 1 }));
    await outcome(() => values.create([{ n: 1 }, "no record"]));
    await outcome(() => values.create({ _id: 5 }));
  }
  for (const told of await everythingUpTo("end of refused")) {
    assert.deepEqual(told, []);
  }
});

test("who is silent hears as well", async () => {
  const silent = connect("websocket", url);
  await next(silent.socket, "connect");
  const said = next(silent.values, "created");
  const made = await clients.rest.values.create({ n: 1 });

  assert.deepEqual(await said, [made]);
  silent.close();
});

test("who uses the long name hears it under the long name", async () => {
  const asked = connect("websocket", url);
  const named = connect("websocket", url, { query: { service: "api/v1/values" } });
  const service = (client) => client.app.service("api/v1/values");
  await Promise.all([service(asked).find(), next(named.socket, "connect")]);
  const said = [asked, named].map((client) => next(service(client), "patched"));
  const made = await service(asked).create({ n: 1 });
  const patched = await clients.rest.values.patch(made._id, { n: 2 });

  assert.deepEqual(await Promise.all(said), [[patched], [patched]]);
  [asked, named].forEach((client) => client.close());
});

test("a client that comes back hears what happens then", async () => {
  const client = connect("websocket", url, { reconnection: true, reconnectionDelay: 1 });
  await next(client.socket, "connect");
  const back = next(client.socket, "connect");
  client.socket.io.engine.close();
  await back;
  const said = next(client.values, "created");
  const made = await clients.polling.values.create({ n: 1 });

  assert.deepEqual(await said, [made]);
  client.close();
});
