import assert from "node:assert/strict";
import { test } from "node:test";

import type { Band, Standing } from "../../../dashboards/web/src/bandapi.ts";
import { flagsOf } from "../../../dashboards/web/src/flags.ts";
import type { Drawing } from "../../../dashboards/web/src/lines.ts";
import { placed, withFewStages } from "../../../dashboards/web/src/markers.ts";
import { bandLines, newestOf } from "../../../dashboards/web/src/ranklines.ts";
import { MOST_CHOSEN, RankChoice } from "../../../dashboards/web/src/ranks.ts";

const PLAIN: Drawing = { axis: "x", origin: 0, log: false, smoothing: 0, unit: 1 };
const BAND: Band = {
  members: 2, total: 4, exact: true, x: [0, 1], mean: [1, 2], lo: [-1, 0.5], hi: [3, 4], count: [2, 2],
  tail: { x: [5], mean: [9] }, odd: { x: [1], y: ["NaN"], rank: [1] }, ranks: [],
};
const standing = (rank: number, y: Standing["y"], behind: number | null = null): Standing =>
  ({ rank, y, behind, count: 1, x: 0, wall: 0 });

test("the mean is the line, what was gone over again its tail, odd values are marked", () => {
  const lines = bandLines(BAND, [], new RankChoice(1), PLAIN);

  assert.deepEqual([...lines.raw.y], [1, 2]);
  assert.deepEqual([...lines.old.y], [9]);
  assert.deepEqual(lines.odd.marker, ["x"]);
  assert.deepEqual([...lines.band!.lo], [-1, 0.5]);
});

test("on a log axis the band ends at its smallest positive value", () => {
  const lines = bandLines(BAND, [], new RankChoice(1), { ...PLAIN, log: true });

  assert.deepEqual([...lines.band!.lo], [0.5, 0.5]);
  assert.deepEqual([...lines.band!.hi], [3, 4]);
});

test("along time a band is in seconds from the origin", () => {
  const lines = bandLines({ ...BAND, x: [4e6, 6e6] }, [], new RankChoice(1), { ...PLAIN, axis: "wall", origin: 3e6 });

  assert.deepEqual([...lines.band!.x], [1, 3]);
});

test("the newest value is the mean of those that are not behind and have a number", () => {
  const ranks = [standing(0, 1), standing(1, 3), standing(2, 100, 50), standing(3, "NaN"), standing(4, null)];

  assert.deepEqual(newestOf({ ...BAND, ranks }), { mean: 2, lo: 1, hi: 3 });
  assert.equal(newestOf({ ...BAND, ranks: [standing(0, "Infinity")] }), null);
});

test("each rank that is chosen has a colour of its own, until there are none left", () => {
  const choice = new RankChoice(1);
  for (let rank = 0; rank < MOST_CHOSEN; rank++) assert.ok(choice.choose(rank, true));

  assert.equal(new Set(choice.chosen.map((rank) => choice.colorOf(rank))).size, MOST_CHOSEN);
  assert.equal(choice.choose(99, true), false);
  const given = choice.colorOf(3);
  choice.choose(3, false);
  assert.ok(choice.choose(99, true));
  assert.equal(choice.colorOf(99), given);
});

test("points are asked for of chosen ranks only, or of all", () => {
  const choice = new RankChoice(1);
  choice.choose(7, true);
  assert.deepEqual(choice.wanted(), { band: true, ranks: [7] });

  choice.mode = "all";
  assert.deepEqual(choice.wanted(), { band: true, ranks: null });
});

test("markers are placed by their step, or by their time", () => {
  const markers = [
    { channel: "c", x: 9, wall: 4e6, text: "late", level: "info" },
    { channel: "c", x: 2, wall: 5e6, text: "early", level: "error" },
  ];

  assert.deepEqual(placed(markers, { axis: "x", origin: 0 }).map(({ x, text }) => [x, text]), [[2, "early"], [9, "late"]]);
  assert.deepEqual(placed(markers, { axis: "wall", origin: 1e6 }).map(({ x }) => x), [3, 4]);
});

test("hundreds of markers are as many flags as there is room, the worst level shows", () => {
  const markers = Array.from({ length: 300 }, (_, x) => ({ x, text: `m${x}`, level: x === 5 ? "error" : "info" }));

  const flags = flagsOf(markers, (x) => x, 0, 99);

  assert.equal(flags.length, 12);
  assert.equal(flags[0]!.level, "error");
  assert.equal(flags.flatMap(({ texts }) => texts).length, 100);
});

test("changes of stage are a level of their own, and left out where more than a few are in sight", () => {
  const marker = (x: number, text: string, level = "info") => ({ channel: "c", x, wall: 0, text, level });
  const markers = [
    ...Array.from({ length: 9 }, (_, x) => marker(x, x % 2 ? "stage VAL" : "stage TRAIN")),
    marker(3.5, "stage left", "warning"), marker(4.5, "stages were changed"),
  ];
  const all = placed(markers, { axis: "x", origin: 0 });

  assert.deepEqual(withFewStages(all, null).map(({ x, level }) => [x, level]), [[3.5, "warning"], [4.5, "info"]]);
  assert.equal(withFewStages(all, { start: 0, end: 7 }).length, 11);
  assert.equal(flagsOf([...all.slice(0, 1), { x: 1, text: "mine", level: "info" }], (x) => x, 0, 99)[0]!.level, "info");
});
