import assert from "node:assert/strict";
import { test } from "node:test";

import { ConsoleBook, type Ask } from "../../../dashboards/web/src/console/book.ts";
import { marked, plainText } from "../../../dashboards/web/src/console/row.ts";
import type { ConsoleLine, Writer } from "../../../dashboards/web/src/model.ts";

const OLD: Writer = { session: 1, rank: 0, lines: 10 };

/** A server with lines that count up, and how often it was asked. */
function server(lengths: Map<Writer, number>) {
  const asked: string[] = [];
  const ask: Ask = (writer, part) => {
    const [own, length] = [...lengths].find(([one]) => one.session === writer?.session) ?? [...lengths][0]!;
    asked.push(JSON.stringify(part));
    const first = "last" in part ? Math.max(0, length - part.last) : part.first;
    const end = "last" in part ? length : Math.min(length, part.first + part.limit);
    const items: ConsoleLine[] = [];
    for (let number = first; number < end; number++) {
      items.push({ session: own.session, rank: 0, number, wall: number, stream: "stdout", text: `line ${number} of ${length}` });
    }
    const writers = [...lengths].map(([one, lines]) => ({ ...one, lines }));
    return Promise.resolve({ items, next: null, total: length, writers });
  };
  return { ask, asked };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const failed = (error: unknown): void => {
  throw error;
};

test("of a hundred thousand lines only what is in sight is asked for, once", async () => {
  const { ask, asked } = server(new Map([[OLD, 100_000]]));
  const book = new ConsoleBook(ask, () => undefined, failed);

  await book.refresh();
  book.want(50_010, 50_060);
  book.want(50_020, 50_070);
  await settled();
  book.want(50_010, 50_060);
  await settled();

  assert.equal(book.length, 100_000);
  assert.equal(book.line(50_010)!.text, "line 50010 of 100000");
  assert.equal(book.line(70_000), undefined);
  assert.deepEqual(asked, ['{"last":300}', '{"first":50000,"limit":500}']);
});

test("news bring the end, and lines that have changed", async () => {
  const lengths = new Map([[OLD, 400]]);
  const { ask } = server(lengths);
  const book = new ConsoleBook(ask, () => undefined, failed);
  await book.refresh();

  lengths.set(OLD, 450);
  await book.refresh();

  assert.equal(book.length, 450);
  assert.equal(book.line(399)!.text, "line 399 of 450");
});

test("lines that came too fast for the tail are asked for when they come into sight", async () => {
  const lengths = new Map([[OLD, 100]]);
  const { ask } = server(lengths);
  const book = new ConsoleBook(ask, () => undefined, failed);
  await book.refresh();
  lengths.set(OLD, 5000);
  await book.refresh();
  assert.equal(book.line(400), undefined);

  book.want(390, 410);
  await settled();

  assert.equal(book.line(400)!.text, "line 400 of 5000");
});

test("the newest session is shown first", async () => {
  const { ask } = server(new Map([[OLD, 10], [{ session: 2, rank: 0, lines: 20 }, 20]]));
  const book = new ConsoleBook(ask, () => undefined, failed);

  await book.refresh();
  await settled();

  assert.equal(book.writer!.session, 2);
  assert.equal(book.line(19)!.text, "line 19 of 20");
});

test("what is looked for is marked in any case, and nothing else changes", () => {
  assert.deepEqual(marked("Loss and loss", "LOSS"), [["Loss", true], [" and ", false], ["loss", true]]);
  assert.deepEqual(marked("İstanbul", "s"), [["İstanbul", false]]);
});

test("colours and cursor moves of terminals are not shown", () => {
  assert.equal(plainText("\u001b[32mok\u001b[0m \u001b]0;title\u0007\u001b[2Kdone\u0000\ttab"), "ok done\ttab");
});
