/** The head of the list of runs: a click sorts by a column, a second one the other way round. */

import { fill, h } from "../dom.ts";
import { icon } from "../icons.ts";
import { words } from "../words.ts";
import type { Column } from "./columns.ts";

interface Heading {
  label: string;
  sort: string | null;
  isNumber: boolean;
}

const STATE: Heading = { label: words.fields.state, sort: "state", isNumber: false };
const RUN: Heading = { label: words.fields.name, sort: "name", isNumber: false };
const CURVE: Heading = { label: words.fields.curve, sort: null, isNumber: false };
const VALUES: Heading = { label: words.fields.values, sort: null, isNumber: false };

export class TableHead {
  readonly element = h("thead", {});
  private readonly all = h("input", { type: "checkbox", class: "row-box", "aria-label": words.selectAll });
  private cells: { sort: string | null; element: HTMLElement }[] = [];
  private sort = "";

  constructor(private readonly sorted: (sort: string) => void, selectAll: (on: boolean) => void) {
    this.all.addEventListener("change", () => selectAll(this.all.checked));
    this.setColumns([]);
  }

  setColumns(columns: readonly Column[]): void {
    const headings: Heading[] = [STATE, RUN, CURVE, VALUES, ...columns];
    this.cells = headings.map((one) => ({ sort: one.sort, element: this.cell(one) }));
    fill(this.element, h("tr", {}, h("th", { class: "row-select", scope: "col" }, h("label", { class: "row-pick" }, this.all)),
      ...this.cells.map(({ element }) => element)));
  }

  mark(sort: string): void {
    this.sort = sort;
    const down = sort.startsWith("-");
    for (const { sort: own, element } of this.cells) {
      const isOurs = own !== null && own === sort.replace(/^-/, "");
      if (isOurs) element.setAttribute("aria-sort", down ? "descending" : "ascending");
      else element.removeAttribute("aria-sort");
    }
  }

  showSelected(extent: "all" | "some" | "none"): void {
    this.all.checked = extent === "all";
    this.all.indeterminate = extent === "some";
  }

  private cell({ label, sort, isNumber }: Heading): HTMLElement {
    const content = sort === null ? h("span", { title: label }, label)
      : h("button", { type: "button", class: "sort-button", title: words.sortBy(label), onclick: () => this.choose(sort) },
        h("span", {}, label), icon("down", 11));
    return h("th", { scope: "col", class: isNumber ? "row-figure" : null }, content);
  }

  private choose(sort: string): void {
    this.sorted(this.sort === sort ? `-${sort}` : sort);
  }
}
