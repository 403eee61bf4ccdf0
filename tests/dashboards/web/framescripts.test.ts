import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, scriptAt } from "../../../dashboards/web/src/frame/scripts.ts";

const KNOWN: [string, string][] = [
  ["https://mpld3.github.io/js/mpld3.v0.5.12.js", "mpld3"],
  ["https://mpld3.github.io/js/mpld3.v0.3.min.js", "mpld3"],
  ["https://mpld3.github.io/js/mpld3.v0.4.1.dev1.js", "mpld3"],
  ["https://cdn.jsdelivr.net/npm/mpld3@0.5.8", "mpld3"],
  ["https://unpkg.com/mpld3@0.5.8/dist/mpld3.v0.5.8.min.js", "mpld3"],
  ["https://d3js.org/d3.v5.js", "d3"],
  ["https://d3js.org/d3.v4.min.js", "d3"],
  ["https://d3js.org/d3.v5", "d3"],
  ["//cdnjs.cloudflare.com/ajax/libs/d3/5.16.0/d3.min.js", "d3"],
  ["https://cdn.jsdelivr.net/npm/d3@5.16.0/dist/d3.min.js", "d3"],
  ["https://cdn.bokeh.org/bokeh/release/bokeh-3.9.2.min.js", "bokeh"],
  ["https://cdn.bokeh.org/bokeh/dev/bokeh-tables-3.9.0.dev4.min.js", "bokeh-tables"],
  ["https://cdn.pydata.org/bokeh/release/bokeh-widgets-1.0.1.js", "bokeh-widgets"],
];

for (const [address, name] of KNOWN) {
  test(`${address} is ${name}`, () => assert.equal(scriptAt(address, false)?.name, name));
}

for (const address of [
  "https://d3js.org/d3.v7.min.js", "https://d3js.org/d3.v3.min.js", "https://cdn.plot.ly/plotly-3.0.1.min.js",
  "https://a.example/bokeh.html", "https://a.example/notmpld3.js.txt", "https://a.example/d3.v55.js",
]) {
  test(`${address} is none of ours`, () => assert.equal(scriptAt(address, false), null));
}

test("d3 3 is ours where mpld3 draws with it", () => {
  assert.equal(scriptAt("https://d3js.org/d3.v3.min.js", true)?.name, "d3");
});

test("known addresses are replaced, whatever else stands there stays", () => {
  const page = new Page(`<p title="https://a.example/x.js">it's</p>
    <script src='https://cdn.bokeh.org/bokeh/release/bokeh-3.1.0.min.js' integrity="sha384-x" crossorigin></script>`);

  assert.deepEqual([...page.needs], ["bokeh"]);
  assert.equal(page.bokeh, "3.1.0");
  assert.equal(page.text((name) => `blob:${name}`), `<!doctype html><p title="https://a.example/x.js">it's</p>
    <script src='blob:bokeh' crossorigin></script>`);
});

test("what mpld3 makes finds its libraries before it draws", () => {
  const page = new Page("<!DOCTYPE html><script>mpld3.draw_figure(1, {})</script>");

  assert.deepEqual([...page.needs], ["d3", "mpld3"]);
  assert.equal(page.text((name) => `blob:${name}`),
    '<!DOCTYPE html><script src="blob:d3"></script><script src="blob:mpld3"></script><script>mpld3.draw_figure(1, {})</script>');
});

test("the time for a long text without end grows with its length", () => {
  for (const part of ['"https://', "<script ", "'//a/", "<!doctype"]) {
    const used = (times: number): number => {
      const text = part.repeat(times);
      const before = process.cpuUsage();
      new Page(text).text(() => "blob:x");
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    used(10_000);
    const few = Math.min(used(10_000), used(10_000), used(10_000));
    // Ten times as long: what grows with the square would take a hundred times as long.
    assert.ok(used(100_000) < 40 * few + 50_000, part);
  }
});
