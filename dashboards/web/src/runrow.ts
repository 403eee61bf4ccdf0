/** One run in the list. */

import { runPage } from "./base.ts";
import { fill, h, setText } from "./dom.ts";
import { formatDuration, formatValue } from "./format.ts";
import type { Column, RunFigures } from "./home/columns.ts";
import type { FigureBoard } from "./home/figureboard.ts";
import type { Selection } from "./home/selection.ts";
import { numberOf, type Run } from "./model.ts";
import { sparkline } from "./sparkline.ts";
import { stateChip } from "./state.ts";
import { words } from "./words.ts";

/** The columns that every row has before those that were chosen. */
export const FIXED_COLUMNS = 5;

export class RunRow {
  readonly element: HTMLTableRowElement;
  private readonly box = h("input", { type: "checkbox", class: "row-box" });
  private readonly state = h("td", { class: "row-state" });
  private readonly name = h("span", { class: "row-name" });
  private readonly line = h("span", { class: "row-line" });
  private readonly spark = h("td", { class: "row-spark" });
  private readonly values = h("dl", { class: "row-values" });
  private cells: { column: Column; element: HTMLElement }[] = [];
  private figures: RunFigures | null = null;
  private heardAt = 0;
  private shown = "";

  constructor(private run: Run, private readonly board: FigureBoard, private readonly selection: Selection) {
    this.box.addEventListener("click", (event) => selection.turn(this.run.id, this.box.checked, event.shiftKey));
    this.element = h("tr", { class: "row", "data-run": run.id },
      h("td", { class: "row-select" }, h("label", { class: "row-pick" }, this.box)), this.state,
      h("td", { class: "row-title" }, h("a", { class: "row-link", href: runPage(run.id) }, this.name, this.line)),
      this.spark, h("td", {}, this.values));
    board.watch(this.element, () => this.run, (figures) => this.take(figures));
  }

  get id(): string {
    return this.run.id;
  }

  update(run: Run): void {
    this.run = run;
    this.heardAt = performance.now();
    const shown = JSON.stringify([run.state, run.project, run.experiment, run.tags]);
    if (shown !== this.shown) {
      fill(this.state, stateChip(run.state));
      const place = `${run.project} / ${run.experiment}`;
      fill(this.line, h("span", { class: "row-place", title: place }, place), ...run.tags.map((tag) => h("span", { class: "tag" }, tag)));
    }
    this.shown = shown;
    setText(this.name, run.name);
    this.name.title = run.name;
    this.box.setAttribute("aria-label", words.select(run.name));
    this.draw();
    this.board.changed();
  }

  /** These columns behind the fixed ones. */
  setColumns(columns: readonly Column[]): void {
    for (const { element } of this.cells) element.remove();
    this.cells = columns.map((column) => ({
      column, element: h("td", { class: column.isNumber ? "row-figure" : "row-text", "data-column": column.id, "data-label": column.label }),
    }));
    this.element.append(...this.cells.map(({ element }) => element));
    this.draw();
  }

  showSelected(): void {
    this.box.checked = this.selection.has(this.run.id);
    this.element.classList.toggle("selected", this.box.checked);
  }

  tick(): void {
    const elapsed = this.cells.find(({ column }) => column.id === "elapsed");
    if (!elapsed || this.run.state !== "running") return;
    setText(elapsed.element, formatDuration(this.run.elapsed_s + (performance.now() - this.heardAt) / 1000));
  }

  remove(): void {
    this.board.forget(this.element);
    this.element.remove();
  }

  private take(figures: RunFigures): void {
    this.figures = figures;
    const { curve } = figures;
    fill(this.spark, curve && sparkline({ x: Float64Array.from(curve.x), y: Float64Array.from(curve.y, (y) => Number(y)) }));
    fill(this.values, ...figures.first.map((name) =>
      h("div", {}, h("dt", { title: name }, name), h("dd", {}, formatValue(numberOf(figures.figures[name]?.last ?? null))))));
    this.draw();
  }

  private draw(): void {
    for (const { column, element } of this.cells) {
      const text = column.text(this.run, this.figures);
      setText(element, text);
      element.title = text;
      element.classList.toggle("empty", text === "");
    }
    this.tick();
  }
}
