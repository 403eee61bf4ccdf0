import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Painter } from "../../../dashboards/web/src/painter.ts";

let frames: (() => void)[];
let now: number;

beforeEach(() => {
  frames = [];
  now = 0;
  globalThis.requestAnimationFrame = (work) => frames.push(() => work(now));
  performance.now = () => now;
});

/** The next frame of the browser, `after` ms later. */
function frame(after = 16): void {
  now += after;
  for (const work of frames.splice(0)) work();
}

const chart = (log: string[], name: string) => ({ paint: () => void log.push(name) });

test("asking many times paints once", () => {
  const log: string[] = [];
  const painter = new Painter();
  const one = chart(log, "a");

  painter.ask(one);
  painter.ask(one);
  frame();
  frame();

  assert.deepEqual(log, ["a"]);
});

test("a frame paints a few charts, the next one goes on in turn", () => {
  const log: string[] = [];
  const painter = new Painter();
  for (const name of "abcd") painter.ask(chart(log, name));

  frame();
  assert.deepEqual(log, ["a", "b"]);
  frame();
  assert.deepEqual(log, ["a", "b", "c", "d"]);
});

test("slow frames lower the number of charts and leave a pause", () => {
  const log: string[] = [];
  const painter = new Painter();
  for (const name of "abcdef") painter.ask(chart(log, name));

  frame();
  frame(140); // painting two took 140 ms: 60 ms of pause
  assert.equal(log.length, 2);
  frame(30);
  assert.equal(log.length, 2);
  frame(40);
  assert.equal(log.length, 3);
});

test("idle is told when nothing waits, not before", () => {
  const log: string[] = [];
  const painter = new Painter();
  for (const name of "abc") painter.ask(chart(log, name));
  painter.whenIdle(() => log.push("idle"));

  frame();
  assert.ok(!log.includes("idle"));
  frame();
  assert.equal(log.at(-1), "idle");
});

test("a chart that is forgotten is not painted", () => {
  const log: string[] = [];
  const painter = new Painter();
  const one = chart(log, "a");

  painter.ask(one);
  painter.forget(one);
  frame();

  assert.deepEqual(log, []);
});
