/** The section Code: what ran, where, with which packages and data. */

import { copyButton } from "../copybutton.ts";
import { fill, h } from "../dom.ts";
import { formatBytes, formatCount } from "../format.ts";
import type { About, Blob, Dataset, Run } from "../model.ts";
import type { Known, Section } from "../section.ts";
import { words } from "../words.ts";
import { BlobText, downloadLink } from "./blobtext.ts";
import { countOf, diffElement, diffLines } from "./difftext.ts";
import {
  commandFacts, environmentFacts, furtherFacts, gitFacts, machineFacts, modelFacts, type CodeFact,
} from "./facts.ts";
import { packageList } from "./packages.ts";

const DIFF_LINES = 5000;

export class CodeSection implements Section {
  readonly name = "code";
  readonly tools = [];
  readonly count = "";
  readonly search = null;
  readonly element = h("div", { class: "sheets" });
  private readonly diff = new BlobText(drawDiff);
  private readonly packages = new BlobText(packageList);
  private readonly summary = new BlobText((text) => h("pre", { class: "mono summary", tabindex: 0 }, text));
  private shown = "";

  update({ run }: Known): void {
    const about = run.about ?? {};
    const now = JSON.stringify([about, run.python, run.datasets]);
    if (now === this.shown) return;
    this.shown = now;
    this.draw(about, run);
  }

  turn(front: boolean): void {
    for (const text of [this.diff, this.packages, this.summary]) text.turn(front);
  }

  news(): void {
    // What is known about the code comes with the run.
  }

  reload(): void {
    // A blob never changes, and what could not be loaded has a button of its own.
  }

  private draw(about: About, run: Run): void {
    const { git, packages, model } = about;
    this.diff.show(git?.diff ?? null);
    this.packages.show(packages?.blob ?? null);
    this.summary.show(model?.blob ?? null);
    const sheets = [
      factSheet(words.git, gitFacts(about)),
      factSheet(words.command, commandFacts(about)),
      factSheet(words.machine, machineFacts(about, run)),
      datasetSheet(run.datasets ?? []),
      factSheet(words.model, modelFacts(about), ...withFile(model?.blob, "model.txt", this.summary)),
      git?.diff ? sheet(words.diff, ...withFile(git.diff, "changes.diff", this.diff)) : null,
      packages?.blob ? sheet(countedTitle(words.packages, packages.count), ...withFile(packages.blob, "packages.txt", this.packages)) : null,
      factSheet(words.environment, environmentFacts(about)),
      factSheet(words.furtherFacts, furtherFacts(about)),
    ].filter((one) => one !== null);
    const nothing = h("div", { class: "message slim" }, h("h2", {}, words.noCode), h("p", {}, words.noCodeText));
    fill(this.element, ...(sheets.length > 0 ? sheets : [nothing]));
  }
}

function withFile(blob: Blob | undefined, name: string, text: BlobText): HTMLElement[] {
  return blob ? [h("div", { class: "sheet-tools" }, downloadLink(blob, name)), text.element] : [];
}

function countedTitle(title: string, count: number | undefined): string {
  return count === undefined ? title : `${title} · ${formatCount(count)}`;
}

function sheet(title: string, ...content: HTMLElement[]): HTMLElement {
  return h("section", { class: "sheet", "aria-label": title }, h("h2", {}, title), ...content);
}

function factSheet(title: string, facts: readonly CodeFact[], ...more: HTMLElement[]): HTMLElement | null {
  if (facts.length === 0 && more.length === 0) return null;
  return sheet(title, h("dl", { class: "facts" }, ...facts.map(({ name, value, copied }) =>
    h("div", {}, h("dt", { title: name }, name),
      h("dd", { class: copied ? "mono" : null }, h("span", {}, value), copied === true && copyButton(name, () => value))))), ...more);
}

function datasetSheet(datasets: readonly Dataset[]): HTMLElement | null {
  if (datasets.length === 0) return null;
  const row = ({ name, hash, size, count, source }: Dataset): HTMLElement => h("tr", {},
    h("td", {}, name), h("td", { class: "mono" }, h("span", { class: "hash", title: hash ?? null }, hash ?? "–"), !!hash && copyButton(`${name} ${hash}`, () => hash)),
    h("td", {}, typeof size === "number" ? formatBytes(size) : "–"), h("td", {}, typeof count === "number" ? formatCount(count) : "–"),
    h("td", {}, source ?? "–"));
  return sheet(words.datasets, h("div", { class: "scroller" }, h("table", { class: "list" },
    h("thead", {}, h("tr", {}, ...words.datasetColumns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...datasets.map(row)))));
}

function drawDiff(text: string): HTMLElement {
  const lines = diffLines(text);
  const count = words.diffCount(formatCount(countOf(lines, "added")), formatCount(countOf(lines, "removed")));
  const cut = lines.length > DIFF_LINES && words.cut(formatCount(DIFF_LINES), formatCount(lines.length));
  return h("div", {}, h("p", { class: "faint" }, count), diffElement(lines.slice(0, DIFF_LINES)), cut && h("p", { class: "faint" }, cut));
}
