/** What is known of a run besides its numbers: a panel beside the charts, a sheet on a phone. */

import type { Changes } from "./changes.ts";
import { fill, h } from "./dom.ts";
import { Facts, type Fact } from "./facts.ts";
import { formatBytes, formatCount, formatMoment } from "./format.ts";
import { icon } from "./icons.ts";
import { MarkerList } from "./markerlist.ts";
import type { Marker, Run, Session } from "./model.ts";
import { Notes } from "./notes.ts";
import { flatten } from "./params.ts";
import { strings } from "./strings.ts";
import { TagEditor } from "./tageditor.ts";
import { searchField } from "./toolbar.ts";

/** From so many parameters on they can be searched. */
const SEARCH_FROM = 10;

export class Details {
  readonly element: HTMLElement;
  private readonly closeButton: HTMLButtonElement;
  private readonly overview = new Facts();
  private readonly dropped = new Facts();
  private readonly droppedSection = section(strings.dropped, this.dropped.element);
  private readonly params = new Facts(true);
  private readonly noParams = h("p", { class: "faint" }, strings.noParameters);
  private readonly find = searchField(strings.findParameters, (text) => this.search(text));
  private readonly tags = new TagEditor((tags) => void this.changes.patch(this.run, { tags }));
  private readonly notes = new Notes((notes) => void this.changes.patch(this.run, { notes }));
  private readonly markers = new MarkerList();
  private readonly tagSection = section(strings.tags, this.tags.element);
  private readonly noteSection = section(strings.notes, this.notes.element);
  private readonly rest = h("div", {});
  private run = "";
  private all: Fact[] = [];
  private wanted = "";
  private shownRest = "";

  constructor(private readonly changes: Changes, close: () => void) {
    this.closeButton = h("button", {
      type: "button", class: "icon-button", "aria-label": strings.close, onclick: close,
    }, icon("close"));
    this.element = h("aside", { class: "details", id: "details", "aria-label": strings.details },
      h("div", { class: "details-head" }, h("h2", {}, strings.details), this.closeButton),
      section(strings.overview, this.overview.element), this.droppedSection,
      section(strings.parameters, this.find, this.params.element, this.noParams),
      this.tagSection, this.noteSection, this.markers.element, this.rest);
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
  }

  /** Tags and notes may be changed. */
  allow(): void {
    this.tags.allow();
    this.notes.allow();
    this.tagSection.hidden = this.noteSection.hidden = false;
  }

  showMarkers(markers: readonly Marker[]): void {
    this.markers.show(markers);
  }

  focus(): void {
    this.closeButton.focus();
  }

  update(run: Run): void {
    this.run = run.id;
    this.overview.show(overviewOf(run));
    this.tags.show(run.tags);
    this.notes.show(run.notes);
    this.tagSection.hidden = this.tags.isEmpty;
    this.noteSection.hidden = this.notes.isEmpty;
    this.all = flatten(run.params);
    this.find.hidden = this.all.length < SEARCH_FROM;
    this.noParams.hidden = this.all.length > 0;
    this.search(this.wanted);
    const dropped = run.dropped_by ?? [];
    this.dropped.show(dropped.map(({ channel, reason, count }) => [channel ?? strings.severalChannels, strings.droppedFor(formatCount(count), reason)]));
    this.droppedSection.hidden = dropped.length === 0;
    const rest = JSON.stringify(run.sessions);
    if (rest !== this.shownRest) fill(this.rest, sessions(run));
    this.shownRest = rest;
  }

  private search(text: string): void {
    this.wanted = text.trim().toLowerCase();
    this.params.show(this.all.filter(([name]) => name.toLowerCase().includes(this.wanted)));
  }
}

function overviewOf(run: Run): Fact[] {
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
  return known.filter((one): one is [string, string] => !!one[1]);
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

function section(title: string, ...body: HTMLElement[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...body);
}
