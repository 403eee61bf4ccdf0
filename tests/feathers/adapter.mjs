// The cases that Feathers publishes for its database adapters, over one transport.
//
//     node adapter.mjs URL rest|websocket|polling '["name of a case to leave out"]'

import * as runner from "node:test";

import adapterTests from "@feathersjs/adapter-tests";
import errors from "@feathersjs/errors";

import { connect } from "./clients.mjs";

const [url, kind, without] = process.argv.slice(2);
for (const name of ["describe", "it", "before", "after", "beforeEach", "afterEach"]) {
  globalThis[name] = runner[name];
}
console.log = () => undefined; // the runner says which cases are skipped

/** All cases but those that are left out, also such as a later version brings. */
class AllBut extends Array {
  includes(name) {
    return !super.includes(name);
  }

  forEach() {} // would warn that what is left out is there
}

const { app, values, close } = connect(kind, url);
// Cases read these of an adapter in their own process. Nothing of it reaches our server.
Object.assign(values, { id: "_id", options: {} });

runner.describe(`over ${kind}`, () => {
  runner.after(close);
  adapterTests(AllBut.from(JSON.parse(without)))(app, errors, "values", "_id");
});
