import assert from "node:assert/strict";
import { test } from "node:test";

import { placeOf } from "../../../dashboards/web/src/cells/address.ts";

const ROOT = "http://localhost:3000/agnez/";
const SHA = "a".repeat(64);

const OWN: [string, string][] = [
  ["images/a.gif", "http://localhost:3000/agnez/images/a.gif"],
  ["./images/a b.gif", "http://localhost:3000/agnez/images/a%20b.gif"],
  ["/images/a.gif", "http://localhost:3000/agnez/images/a.gif"],
  ["/agnez/images/a.gif", "http://localhost:3000/agnez/images/a.gif"],
  ["http://127.0.0.1:3000/agnez/images/a.gif", "http://localhost:3000/agnez/images/a.gif"],
  [`https://lab.example/x/api/v1/blobs/${SHA}?mime=image/png`, `http://localhost:3000/agnez/api/v1/blobs/${SHA}?mime=image/png`],
  [`/api/v1/blobs/${SHA}`, `http://localhost:3000/agnez/api/v1/blobs/${SHA}`],
];

for (const [value, url] of OWN) {
  test(`${value} lies on this server`, () => assert.deepEqual(placeOf(value, ROOT), { kind: "own", url }));
}

for (const value of ["http://127.0.0.1:9/a.gif", "https://localhost:3000/a.gif", "//cdn.example/a.gif", "https://a.example/a?x=%2F"]) {
  test(`${value} lies on another`, () => {
    const place = placeOf(value, ROOT);
    assert.equal(place.kind, "foreign");
    assert.equal((place as { url: string }).url, new URL(value, ROOT).href);
  });
}

for (const value of ["data:image/png;base64,AAAA", "data:video/mp4;base64,AAAA", "DATA:image/svg+xml,<svg/>"]) {
  test(`${value} holds it`, () => assert.deepEqual(placeOf(value, ROOT), { kind: "data", url: value }));
}

for (const value of [
  "javascript:x", "java\tscript:x", "\u0001javascript:x", "JAVASCRIPT:x", "vbscript:x", "blob:http://localhost/1", "file:///etc/x",
  "data:text/html,x", "data:,x", "data:image", "about:blank", "filesystem:http://localhost/x", "ftp://a/x",
]) {
  test(`${JSON.stringify(value)} is refused`, () => assert.deepEqual(placeOf(value, ROOT), { kind: "refused", why: "scheme" }));
}

for (const value of ["http://", "http://user:secret@localhost:3000/a.png", "http://[::1", "//"]) {
  test(`${value} is no address`, () => assert.deepEqual(placeOf(value, ROOT), { kind: "refused", why: "malformed" }));
}
