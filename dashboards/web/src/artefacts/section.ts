/** The section Artefacts: files that the run has kept, by name, with all their versions. */

import { isServerTrouble } from "../api.ts";
import { copyButton } from "../copybutton.ts";
import { downloadLink } from "../code/blobtext.ts";
import { fill, h } from "../dom.ts";
import { formatBytes, formatCount, formatMoment, formatStep } from "../format.ts";
import { icon } from "../icons.ts";
import { isoOf, numberOf, type Artefact, type Channel } from "../model.ts";
import { flatten } from "../params.ts";
import { getArtefacts } from "../runapi.ts";
import { searchFor } from "../search.ts";
import type { Known, Section } from "../section.ts";
import { searchField } from "../toolbar.ts";
import { words } from "../words.ts";
import { fileName, versionsOf, type Versions } from "./versions.ts";

const HASH_SHOWN = 10;

export class ArtefactSection implements Section {
  readonly name = "artefacts";
  readonly element = h("div", {});
  readonly tools: readonly HTMLElement[];
  readonly search: HTMLInputElement;
  private readonly field = searchField(words.findArtefacts, (text) => this.find(text), `${words.findArtefacts}. Key: /`);
  private artefacts: readonly Artefact[] = [];
  private readonly open = new Set<string>();
  private wanted = "";
  private askedFor = 0;

  /** `counted`: their number has changed. */
  constructor(private readonly run: string, private readonly counted: () => void) {
    this.search = this.field.querySelector("input")!;
    this.tools = [this.field];
    this.draw();
  }

  get count(): string {
    const names = new Set(this.artefacts.map((one) => one.name)).size;
    return names > 0 ? formatCount(names) : "";
  }

  update({ channels }: Known): void {
    const count = versionsIn(channels);
    if (count !== this.askedFor) void this.ask(count);
  }

  turn(): void {
    // Nothing moves here while nobody looks.
  }

  news(): void {
    // The page asks for the channels, whose counts tell of new versions.
  }

  reload(): void {
    void this.ask(this.askedFor);
  }

  private async ask(count: number): Promise<void> {
    this.askedFor = count;
    try {
      this.artefacts = await getArtefacts(this.run);
      this.draw();
      this.counted();
    } catch (error) {
      this.askedFor = -1;
      if (!isServerTrouble(error)) throw error;
    }
  }

  private find(text: string): void {
    this.wanted = text;
    this.draw();
  }

  private draw(): void {
    const search = searchFor(this.wanted);
    const all = versionsOf(this.artefacts).filter(({ name }) => search.matches(name));
    this.field.hidden = this.artefacts.length < 5;
    if (this.artefacts.length === 0) {
      return fill(this.element, h("div", { class: "message slim" }, h("h2", {}, words.noArtefacts), h("p", {}, words.noArtefactsText)));
    }
    if (all.length === 0) return fill(this.element, h("p", { class: "nothing", role: "status" }, words.noArtefactFound(this.wanted.trim())));
    fill(this.element, h("div", { class: "sheet flush scroller" }, h("table", { class: "list artefacts" },
      h("thead", {}, h("tr", {}, ...words.artefactColumns.map((name) => h("th", { scope: "col" }, name)))),
      ...all.map((one) => this.rows(one)))));
  }

  private rows(versions: Versions): HTMLElement {
    const isOpen = this.open.has(versions.name);
    const shown = isOpen ? versions.all : versions.all.slice(0, 1);
    return h("tbody", {}, ...shown.flatMap((one, i) => [
      rowOf(one, i === 0 ? this.nameCell(versions, isOpen) : h("td", {})), isOpen ? moreOf(one) : null,
    ]));
  }

  /** The name opens the older versions and what else is known. */
  private nameCell({ name, all }: Versions, isOpen: boolean): HTMLElement {
    const turn = (): void => {
      if (!this.open.delete(name)) this.open.add(name);
      this.draw();
      [...this.element.querySelectorAll<HTMLElement>("[data-artefact]")].find((one) => one.dataset["artefact"] === name)?.focus();
    };
    return h("td", {}, h("button", { type: "button", class: "group-button", "aria-expanded": String(isOpen), "data-artefact": name, onclick: turn },
      icon("right", 13), h("span", { class: "group-name" }, name),
      all.length > 1 && h("span", { class: "group-count" }, words.olderVersions(all.length - 1))));
  }
}

function versionsIn(channels: readonly Channel[]): number {
  return channels.reduce((sum, one) => sum + (one.type === "ARTEFACT" ? one.count : 0), 0);
}

function rowOf(one: Artefact, name: HTMLElement): HTMLElement {
  const hash = one.sha256 ?? one.hash ?? "";
  const at = isoOf(one.wall);
  return h("tr", {}, name, h("td", {}, words.versionOf(one.version)), h("td", {}, one.kind ?? "–"),
    h("td", {}, typeof one.size === "number" ? formatBytes(one.size) : "–"),
    h("td", { class: "mono" }, h("span", { title: hash }, hash.slice(0, HASH_SHOWN) || "–"), hash !== "" && copyButton(`${words.hash} ${hash}`, () => hash)),
    h("td", {}, formatStep(numberOf(one.x)!)), h("td", { title: at }, formatMoment(at)),
    h("td", {}, one.sha256 ? downloadLink({ sha256: one.sha256, mime: one.mime ?? "", size: one.size ?? 0 }, fileName(one))
      : h("span", { class: "faint", title: words.onlyNoted }, words.onlyNoted.split(":")[0]!)));
}

function moreOf(one: Artefact): HTMLElement | null {
  const facts: [string, string][] = [...(one.path ? [[words.path, one.path] as [string, string]] : []), ...flatten(one.metadata ?? {})];
  if (facts.length === 0) return null;
  return h("tr", { class: "artefact-more" }, h("td", { colspan: words.artefactColumns.length },
    h("dl", { class: "facts" }, ...facts.map(([name, value]) => h("div", {}, h("dt", { title: name }, name), h("dd", {}, value))))));
}
