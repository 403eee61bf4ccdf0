/** Which columns the list of runs shows: fields of runs, figures of channels, parameters. */

import { getJson, isServerTrouble } from "../api.ts";
import { fill, h, setText } from "../dom.ts";
import { icon } from "../icons.ts";
import { searchFor } from "../search.ts";
import { searchField } from "../toolbar.ts";
import { words } from "../words.ts";
import { bestOf, columnOf, DEFAULT_COLUMNS, FIELD_IDS } from "./columns.ts";

/** More would not be read; the search finds the others. */
const OFFERED = 60;
/** What the machine does is seldom looked for. */
const SYSTEM = "system/";
export const MOST_COLUMNS = 40;

interface Names {
  channels: string[];
  params: string[];
}

export class Chooser {
  private readonly button = h("button", { type: "button", class: "button", "aria-expanded": "false", "aria-haspopup": "dialog", onclick: () => this.turn() },
    icon("panel", 15), words.columns);
  private readonly chosenList = h("ul", { class: "chosen-columns" });
  private readonly offered = h("div", { class: "offered-columns" });
  private readonly field = searchField(words.findColumns, (text) => this.draw(text));
  private readonly panel = h("div", { class: "popover", role: "dialog", "aria-label": words.columns, hidden: true },
    this.chosenList, this.field, this.offered,
    h("button", { type: "button", class: "button small", onclick: () => this.choose([...DEFAULT_COLUMNS]) }, words.resetColumns));
  readonly element = h("div", { class: "popover-box" }, this.button, this.panel);
  private names: Names = { channels: [], params: [] };
  private wanted = "";

  constructor(
    private columns: readonly string[], private readonly project: () => string, private readonly chosen: (columns: readonly string[]) => void,
  ) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.panel.hidden) return;
      this.turn();
      this.button.focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.panel.hidden && !this.element.contains(event.target as Node)) this.turn();
    });
  }

  private turn(): void {
    this.panel.hidden = !this.panel.hidden;
    this.button.setAttribute("aria-expanded", String(!this.panel.hidden));
    if (this.panel.hidden) return;
    this.draw(this.wanted);
    this.field.querySelector("input")!.focus();
    void this.ask();
  }

  private async ask(): Promise<void> {
    const project = this.project();
    try {
      this.names = await getJson<Names>(`/columns${project ? `?project=${encodeURIComponent(project)}` : ""}`);
      this.draw(this.wanted);
    } catch (error) {
      if (!isServerTrouble(error)) throw error; // what is known by now stays
    }
  }

  private choose(columns: readonly string[]): void {
    this.columns = columns.slice(0, MOST_COLUMNS);
    this.chosen(this.columns);
    const pressed = document.activeElement?.getAttribute("aria-label");
    this.draw(this.wanted); // anew, so that what was pressed is another button with the same label
    const same = [...this.panel.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === pressed);
    if (pressed) (same ?? this.button).focus();
  }

  private draw(text: string): void {
    this.wanted = text;
    fill(this.chosenList, ...this.columns.map((id, i) => this.chosenItem(id, i)));
    const { matches } = searchFor(text);
    const fields = FIELD_IDS.filter((id) => matches(columnOf(id)!.label));
    const found = this.names.channels.filter(matches);
    const channels = found.filter((name) => !name.startsWith(SYSTEM));
    const system = found.filter((name) => name.startsWith(SYSTEM));
    const params = this.names.params.filter(matches);
    fill(this.offered,
      this.channelPart(words.ofChannels, channels),
      this.part(words.ofParams, params.length, params.slice(0, OFFERED).map((name) => this.offer(name, [[words.show, `param:${name}`]]))),
      this.part(words.ofRuns, fields.length, fields.map((id) => this.offer(columnOf(id)!.label, [[words.show, id]]))),
      this.channelPart(words.ofSystem, system));
  }

  private channelPart(title: string, names: readonly string[]): HTMLElement | null {
    return this.part(title, names.length, names.slice(0, OFFERED).map((name) =>
      this.offer(name, [[words.last, `last:${name}`], [words.best, `${bestOf(name)}:${name}`]])));
  }

  private part(title: string, count: number, items: HTMLElement[]): HTMLElement | null {
    if (count === 0) return null;
    return h("section", {}, h("h3", {}, title), h("ul", {}, ...items), count > items.length && h("p", { class: "faint" }, words.moreColumns(count - items.length)));
  }

  private offer(label: string, choices: readonly (readonly [string, string])[]): HTMLElement {
    return h("li", {}, h("span", { class: "offer-name", title: label }, label), ...choices.map(([word, id]) => {
      const kinds = [id, id.startsWith("min:") ? id.replace("min:", "max:") : id.replace("max:", "min:")];
      const on = kinds.some((one) => this.columns.includes(one));
      const change = (): void => this.choose(on ? this.columns.filter((one) => !kinds.includes(one)) : [...this.columns, id]);
      return h("button", { type: "button", class: "chip-button", "aria-pressed": String(on), "aria-label": `${label}: ${word}`, onclick: change }, word);
    }));
  }

  /** To the front, the other direction of a best value, away. */
  private chosenItem(id: string, place: number): HTMLElement {
    const column = columnOf(id);
    const label = column?.label ?? id;
    const name = h("span", { class: "offer-name", title: label });
    setText(name, label);
    const other = id.startsWith("min:") ? id.replace("min:", "max:") : id.startsWith("max:") ? id.replace("max:", "min:") : null;
    const put = (change: (all: string[]) => void): void => {
      const all = [...this.columns];
      change(all);
      this.choose(all);
    };
    return h("li", {}, name,
      other !== null && h("button", { type: "button", class: "chip-button", "aria-label": words.turnBest(label), title: words.turnBest(label), onclick: () => put((all) => (all[place] = other)) }, id.slice(0, 3)),
      small("left", words.earlier(label), place === 0, () => put((all) => all.splice(place - 1, 0, ...all.splice(place, 1)))),
      small("close", words.removeColumn(label), false, () => put((all) => all.splice(place, 1))));
  }
}

function small(name: "left" | "close", label: string, disabled: boolean, run: () => void): HTMLElement {
  return h("button", { type: "button", class: "icon-button small", "aria-label": label, title: label, disabled, onclick: run }, icon(name, 12));
}
