// Clients of Feathers towards a server that asks for a login.
//
//     node tokens.mjs URL TOKEN_THAT_READS TOKEN_THAT_WRITES

import assert from "node:assert/strict";
import { test } from "node:test";

import errors from "@feathersjs/errors";
import { feathers } from "@feathersjs/feathers";
import rest from "@feathersjs/rest-client";

import { connect, next, outcome } from "./clients.mjs";

const [url, reads, writes] = process.argv.slice(2);
const kinds = ["websocket", "polling"];

/** The service over REST, with a token or without. */
function overRest(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return feathers().configure(rest(url).fetch(fetch, { headers })).service("values");
}

test("a connection without a token is refused as Feathers would", async () => {
  for (const kind of kinds) {
    for (const auth of [{}, { token: "agnez_wrong" }]) {
      const { socket, close } = connect(kind, url, { auth });
      const [error] = await next(socket, "connect_error");
      const told = errors.convert(error.data);
      assert.ok(told instanceof errors.NotAuthenticated, String(told));
      assert.equal(told.code, 401);
      close();
    }
  }
});

test("a request without a token is refused as Feathers would", async () => {
  for (const values of [overRest(), overRest("agnez_wrong")]) {
    assert.ok((await outcome(() => values.find())) instanceof errors.NotAuthenticated);
  }
});

test("a token that reads hears, and changes nothing", async () => {
  const reader = connect("websocket", url, { auth: { token: reads } });
  await next(reader.socket, "connect");
  const said = next(reader.values, "created");
  const made = await overRest(writes).create({ n: 1 });

  assert.deepEqual(await said, [made]);
  for (const values of [reader.values, overRest(reads)]) {
    assert.deepEqual(await values.get(made._id), made);
    assert.ok((await outcome(() => values.remove(null))) instanceof errors.Forbidden);
  }
  reader.close();
});

test("a token that writes changes, in a header too", async () => {
  for (const kind of kinds) {
    const extraHeaders = { Authorization: `Bearer ${writes}` };
    for (const shown of [{ auth: { token: writes } }, { extraHeaders }]) {
      const writer = connect(kind, url, shown);
      const made = await writer.values.create({ by: kind });
      assert.deepEqual(await writer.values.remove(made._id), made);
      writer.close();
    }
  }
});
