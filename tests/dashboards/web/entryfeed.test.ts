import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { EntryFeed, type Wanted } from "../../../dashboards/web/src/entries/feed.ts";

const SOURCE = { channel: "run.0", number: 0, name: "c", run: null };
let asked: string[];
let held: ((value: Response) => void)[] | null;

const json = (body: unknown): Response => new Response(JSON.stringify(body));

function answer(path: string): Response {
  if (path.includes("/steps")) {
    return json({ series: [{ id: 7, session: 1, rank: 0, superseded_from: null, x: [0, 1], wall: [1, 2] }] });
  }
  const ordinals = new URL(path, "http://test").searchParams.get("ordinals")!.split(",").map(Number);
  return json({ items: ordinals.map((ordinal) => ({ series: 7, ordinal, body: { text: `entry ${ordinal}` } })) });
}

beforeEach(() => {
  asked = [];
  held = null;
  globalThis.fetch = ((path: string, init?: RequestInit) => {
    asked.push(path.replace(/^.*\/api\/v1/, ""));
    init?.signal?.throwIfAborted();
    if (held === null) return Promise.resolve(answer(path));
    return new Promise((resolve, reject) => {
      held!.push(resolve);
      init?.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  }) as typeof fetch;
});

const feedOf = (keep?: number, changed: () => void = () => undefined): EntryFeed =>
  new EntryFeed([SOURCE], { changed, failed: (error) => { throw error; } }, keep);

const wanted = (...ordinals: number[]): Wanted[] => ordinals.map((ordinal) => ({
  channel: "run.0", place: { series: 7, session: 1, rank: 0, ordinal, x: ordinal, wall: 0, superseded: false, nth: 0 },
}));

const never = new AbortController().signal;

test("bodies come in one request, and those that are held in none", async () => {
  const feed = feedOf();

  const bodies = await feed.bodies(wanted(3, 1), never);
  await feed.bodies(wanted(1, 3), never);

  assert.deepEqual(bodies, [{ text: "entry 3" }, { text: "entry 1" }]);
  assert.deepEqual(asked, ["/channels/run.0/entries?series=7&ordinals=3%2C1"]);
});

test("only so many bodies are held, those that were used last", async () => {
  const feed = feedOf(2);
  await feed.bodies(wanted(0), never);
  await feed.bodies(wanted(1), never);
  await feed.bodies(wanted(0), never);
  await feed.bodies(wanted(2), never);
  asked = [];

  await feed.bodies(wanted(0), never);
  await feed.bodies(wanted(1), never);

  assert.equal(asked.length, 1);
});

test("a request that is given up ends at once", async () => {
  const feed = feedOf();
  held = [];
  const giveUp = new AbortController();
  const asking = feed.bodies(wanted(0), giveUp.signal);

  giveUp.abort();

  await assert.rejects(asking, { name: "AbortError" });
});

test("news ask for the steps again, those of other channels don't", async () => {
  let told: () => void = () => undefined;
  const feed = feedOf(undefined, () => told());
  await feed.load();
  const changed = new Promise<void>((resolve) => (told = resolve));

  feed.news(new Set([5]));
  assert.equal(asked.length, 1);
  feed.news(new Set([0]));
  await changed;

  assert.deepEqual(asked, ["/channels/run.0/steps", "/channels/run.0/steps"]);
  assert.equal(feed.loads, 2);
});

test("out of sight nothing is asked; what was missed comes on return", async () => {
  let told: () => void = () => undefined;
  const feed = feedOf(undefined, () => told());
  await feed.load();
  feed.pause();
  feed.news(new Set([0]));
  assert.equal(asked.length, 1);
  const changed = new Promise<void>((resolve) => (told = resolve));

  feed.resume();
  await changed;

  assert.equal(asked.length, 2);
});
