/** What is known of a run besides its numbers: a panel beside the charts, a sheet on a phone. */

import { fill, h } from "./dom.ts";
import { formatBytes, formatCount, formatMoment } from "./format.ts";
import { icon } from "./icons.ts";
import type { Run, Session } from "./model.ts";
import { flatten } from "./params.ts";
import { strings } from "./strings.ts";
import { searchField } from "./toolbar.ts";

const SEARCH_FROM = 10;

export class Details {
  readonly element: HTMLElement;
  private readonly body = h("div", { class: "details-body" });
  private wanted = "";
  private shown = "";

  constructor(close: () => void) {
    this.element = h("aside", { class: "details", id: "details", "aria-label": strings.details },
      h("div", { class: "details-head" }, h("h2", {}, strings.details),
        h("button", { type: "button", class: "icon-button", "aria-label": strings.close, onclick: close }, icon("close"))),
      this.body);
  }

  update(run: Run): void {
    const now = JSON.stringify({ ...run, elapsed_s: 0, updated_at: "" });
    if (now === this.shown) return;
    this.shown = now;
    const focus = this.body.contains(document.activeElement);
    if (focus && this.body.childElementCount > 0) return; // not under the reader's hands
    fill(this.body, overview(run), this.parameters(run), tags(run), notes(run), sessions(run));
  }

  private parameters(run: Run): HTMLElement {
    const list = h("dl", { class: "facts" });
    const draw = (): void => fill(list, ...facts(flatten(run.params)
      .filter(([name]) => name.toLowerCase().includes(this.wanted))));
    draw();
    const count = flatten(run.params).length;
    const find = searchField(strings.findParameters, (text) => {
      this.wanted = text.trim().toLowerCase();
      draw();
    });
    return section(strings.parameters, count === 0 ? h("p", { class: "faint" }, strings.noParameters) : list,
      count >= SEARCH_FROM ? find : null);
  }
}

function overview(run: Run): HTMLElement {
  const known: [string, string | null][] = [
    [strings.project, run.project],
    [strings.experiment, run.experiment],
    [strings.started, formatMoment(run.created_at)],
    [strings.finishedAt, run.finished_at && formatMoment(run.finished_at)],
    [strings.host, run.host],
    [strings.process, run.pid === null ? null : String(run.pid)],
    [strings.channels, formatCount(run.channels)],
    [strings.points, formatCount(run.points)],
    [strings.size, formatBytes(run.bytes)],
    [strings.dropped, run.dropped > 0 ? formatCount(run.dropped) : null],
    [strings.gaps, run.gaps > 0 ? formatCount(run.gaps) : null],
    [strings.notDurable, run.durable ? null : strings.notDurableText],
    [strings.runId, run.id],
  ];
  return section(strings.overview, h("dl", { class: "facts" },
    ...facts(known.filter((one): one is [string, string] => !!one[1]))));
}

function tags(run: Run): HTMLElement | null {
  if (run.tags.length === 0) return null;
  return section(strings.tags, h("div", { class: "tags" }, ...run.tags.map((tag) => h("span", { class: "tag" }, tag))));
}

function notes(run: Run): HTMLElement | null {
  return run.notes ? section(strings.notes, h("p", { class: "notes" }, run.notes)) : null;
}

function sessions(run: Run): HTMLElement | null {
  if (run.sessions.length === 0) return null;
  const row = (one: Session): HTMLElement => h("tr", {}, h("td", {}, String(one.rank)),
    h("td", {}, formatMoment(one.started_at)), h("td", {}, formatMoment(one.seen_at)));
  return section(strings.sessions, h("table", { class: "sessions" },
    h("thead", {}, h("tr", {}, ...[strings.rank, strings.started, strings.lastSeen].map((name) =>
      h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...[...run.sessions].reverse().map(row))));
}

function facts(known: readonly (readonly [string, string])[]): HTMLElement[] {
  return known.map(([name, value]) => h("div", {}, h("dt", { title: name }, name), h("dd", { title: value }, value)));
}

function section(title: string, body: HTMLElement, before: HTMLElement | null = null): HTMLElement {
  return h("section", {}, h("h3", {}, title), before, body);
}
