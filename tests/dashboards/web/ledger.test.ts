import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Ledger } from "../../../dashboards/web/src/cells/ledger.ts";
import type { CellRecord } from "../../../dashboards/web/src/cells/view.ts";

const page = globalThis as unknown as { document: { hidden?: boolean } };
const HOME = { name: "home", runs: null };

let records: CellRecord[];
let asked: URLSearchParams[];
let held: (() => void)[] | null;

const record = (id: string, name = id, more = {}): CellRecord => ({ _id: id, type: "html", name, ...more });
const names = (ledger: Ledger): string[] => ledger.cells.map((cell) => cell.name);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  [records, asked, held] = [[record("a"), record("b")], [], null];
  page.document.hidden = false;
  globalThis.fetch = ((path: string) => {
    const query = new URL(path, "http://test").searchParams;
    const wanted = query.getAll("_id[$in][]");
    const answer = new Response(JSON.stringify(records.filter((one) => wanted.length === 0 || wanted.includes(one._id))));
    asked.push(query);
    return held === null ? Promise.resolve(answer) : new Promise((resolve) => held!.push(() => resolve(answer)));
  }) as typeof fetch;
});

async function loaded(place: ConstructorParameters<typeof Ledger>[0] = HOME): Promise<Ledger> {
  const ledger = new Ledger(place, () => undefined);
  await ledger.reload();
  return ledger;
}

test("of what changed only the heads of these are asked for", async () => {
  const ledger = await loaded();
  records = [record("a"), record("b", "other"), record("c")];

  ledger.want(["b", "c"]);
  await turn();

  assert.deepEqual(names(ledger), ["a", "other", "c"]);
  assert.deepEqual(asked[1]!.getAll("_id[$in][]"), ["b", "c"]);
  assert.ok(!asked[1]!.getAll("$select[]").includes("value"));
});

test("what was removed while an answer was on its way stays away, unless it came back", async () => {
  const ledger = await loaded();
  held = [];
  ledger.want(["a", "b"]);
  ledger.drop(["a", "b"]);
  ledger.want(["b"]);
  held.shift()!();
  await turn();
  held.shift()!();
  await turn();

  assert.deepEqual(names(ledger), ["b"]);
});

test("an older answer does not replace a newer record", async () => {
  const ledger = await loaded();
  held = [];
  ledger.want(["a"]);
  ledger.took(record("a", "newer"));
  held.shift()!();
  await turn();

  assert.deepEqual(names(ledger), ["newer", "b"]);
});

test("a page that nobody sees asks for nothing until it is seen", async () => {
  const ledger = await loaded();
  page.document.hidden = true;
  ledger.want(["a"]);
  await turn();
  assert.equal(asked.length, 1);

  page.document.hidden = false;
  await ledger.ask();

  assert.equal(asked.length, 2);
});

test("cells of other runs, and records without a type, are not there", async () => {
  records = [record("a", "a", { run: "r" }), record("b", "b", { run: "other" }), { _id: "c", run: "r" }];
  const ledger = await loaded({ name: "r", runs: ["r", "the run"] });

  assert.deepEqual(names(ledger), ["a"]);
  assert.equal(ledger.took(record("a", "a", { run: "other" })), false);
  assert.deepEqual(names(ledger), []);
});

test("very many changes are asked for as all", async () => {
  const ledger = await loaded();
  records = Array.from({ length: 100 }, (_, n) => record(`${n}`));

  ledger.want(records.map((one) => one._id));
  await turn();

  assert.equal(ledger.cells.length, 100);
  assert.deepEqual(asked[1]!.getAll("_id[$in][]"), []);
});
