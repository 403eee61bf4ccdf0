import assert from "node:assert/strict";
import { test } from "node:test";

import { fileName, versionsOf } from "../../../dashboards/web/src/artefacts/versions.ts";
import { commandLine } from "../../../dashboards/web/src/code/command.ts";
import { countOf, diffLines } from "../../../dashboards/web/src/code/difftext.ts";
import { furtherFacts, gitFacts } from "../../../dashboards/web/src/code/facts.ts";
import { packagesOf } from "../../../dashboards/web/src/code/packages.ts";
import type { Artefact } from "../../../dashboards/web/src/model.ts";

test("a command line can be pasted into a shell", () => {
  assert.equal(commandLine(["python", "a b.py", "--name=x", "it's", ""]), `python 'a b.py' --name=x 'it'"'"'s' ''`);
});

test("lines of a diff are told apart, heads of files are no changes", () => {
  const lines = diffLines("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n");

  assert.deepEqual(lines.map((line) => line.kind), ["file", "file", "file", "hunk", "removed", "added", "same"]);
  assert.deepEqual([countOf(lines, "added"), countOf(lines, "removed")], [1, 1]);
});

test("packages are names with versions", () => {
  assert.deepEqual(packagesOf("numpy==1.26.4\nlocal @ file\n\n"), [{ name: "numpy", version: "1.26.4" }, { name: "local @ file", version: "" }]);
});

test("facts that the page does not know are listed", () => {
  assert.deepEqual(furtherFacts({ git: {}, cluster: { node: 3 } }), [{ name: "cluster.node", value: "3" }]);
  assert.deepEqual(gitFacts({ git: { commit: "abc", dirty: false } }).map((fact) => fact.value), ["abc", "Clean"]);
});

test("versions stand below their name, newest first", () => {
  const one = (name: string, version: number): Artefact => ({ channel: "c", name, version, x: 0, wall: 0 });

  const all = versionsOf([one("epoch 10", 1), one("epoch 2", 1), one("epoch 2", 2)]);

  assert.deepEqual(all.map(({ name, all: own }) => [name, own.map((v) => v.version)]), [["epoch 2", [2, 1]], ["epoch 10", [1]]]);
});

test("a downloaded file keeps no path, no hidden name and no direction marks", () => {
  const named = (name: string, path = ""): string => fileName({ channel: "c", name, version: 1, x: 0, wall: 0, path });

  assert.equal(named("../../etc/passwd"), "passwd");
  assert.equal(named("C:\\Windows\\evil.exe"), "evil.exe");
  assert.equal(named("..."), "artefact");
  assert.equal(named(".bashrc"), "bashrc");
  assert.equal(named("gpj.\u202eexe"), "gpj._exe");
  assert.equal(named("model", "/tmp/run/model.pt"), "model.pt");
});
