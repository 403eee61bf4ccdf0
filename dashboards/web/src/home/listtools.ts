/** Search, state, order and columns of the list of runs. */

import { fill, h } from "../dom.ts";
import { fadeEdges } from "../edges.ts";
import { SORTS, STATES, type Chosen } from "../filter.ts";
import { icon } from "../icons.ts";
import type { RunState } from "../model.ts";
import { strings } from "../strings.ts";
import { searchField, segmented } from "../toolbar.ts";
import { words } from "../words.ts";
import { columnOf } from "./columns.ts";

const TYPING_MS = 160;

export class ListTools {
  readonly element = h("div", { class: "toolbar" });
  private typing: ReturnType<typeof setTimeout> | undefined;
  private input: HTMLInputElement | null = null;

  /** `columns`: the button that chooses them. */
  constructor(private readonly columns: HTMLElement, private readonly choose: (part: Partial<Chosen>) => void) {}

  get search(): HTMLInputElement | null {
    return this.input;
  }

  draw(chosen: Readonly<Chosen>): void {
    clearTimeout(this.typing);
    const find = searchField(strings.findRuns, (text) => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.choose({ text: text.trim() }), TYPING_MS);
    }, strings.findRunsHelp);
    this.input = find.querySelector("input")!;
    this.input.value = chosen.text;
    const states = segmented<RunState | "">(strings.state, chosen.state,
      [["", strings.allStates], ...STATES.map((state) => [state, strings.states[state]] as const)],
      (state) => this.choose({ state }));
    const scroller = h("div", { class: "scroller" }, states);
    fadeEdges(scroller);
    fill(this.element, find, scroller, this.orders(chosen.sort), this.columns);
  }

  /** Those with a name, and the one that a column made. */
  private orders(chosen: string): HTMLElement {
    const named: readonly string[] = SORTS;
    const label = (sort: string): string =>
      sort in strings.sorts ? strings.sorts[sort as keyof typeof strings.sorts] : words.sortedBy(columnOf(sort.replace(/^-/, ""))?.label ?? sort);
    const all = named.includes(chosen) ? named : [...named, chosen];
    const sort = h("select", { class: "select", "aria-label": strings.sort },
      ...all.map((one) => h("option", { value: one, selected: one === chosen }, label(one))));
    sort.addEventListener("change", () => this.choose({ sort: sort.value }));
    return h("div", { class: "select-box" }, sort, icon("right", 14));
  }
}
