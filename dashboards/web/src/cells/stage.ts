/** The place for what is in a cell: its view, or words where there is nothing to see. */

import { ApiError, Unreachable } from "../api.ts";
import { fill, h } from "../dom.ts";
import { formatCount } from "../format.ts";
import { strings } from "../strings.ts";
import { isEmpty, typeOf } from "./record.ts";
import type { CellRecord, CellView } from "./view.ts";
import { isCostly, viewOf } from "./views.ts";
import { words } from "./words.ts";

export class Stage {
  readonly element: HTMLElement;
  /** Times that something new was shown, words included. */
  shown = 0;
  private view: { type: string; view: CellView } | null = null;
  private readonly status = h("div", { class: "cell-status" }, skeleton());
  private readonly note = h("p", { class: "cell-note", role: "status", hidden: true });

  /** `retry`: the reader wants what failed once more. */
  constructor(private readonly retry: () => void) {
    this.element = h("div", { class: "cell-stage" }, this.status, this.note);
  }

  /** Resolves when it is shown, or given up because `signal` aborted. */
  async show(record: CellRecord, signal: AbortSignal): Promise<void> {
    const type = typeOf(record);
    if (isEmpty(record["value"])) return this.say(h("p", {}, words.nothingYet));
    const view = this.view?.type === type ? this.view.view : viewOf(type);
    if (!view) return this.say(h("p", {}, words.noView(String(record["type"]))), h("p", {}, words.noViewText(kindOf(record["value"]))));
    await this.showIn(type, view, record, signal);
  }

  /** What is shown already stays; that the server is away, the connection says. */
  fail(error: unknown): void {
    const why = explain(error);
    if (this.shown > 0 && error instanceof Unreachable) return;
    if (this.view) {
      this.note.textContent = words.newerFailed(why);
      this.note.hidden = false;
      return;
    }
    this.say(h("p", {}, words.cantShow), h("p", {}, why),
      h("button", { type: "button", class: "button small", onclick: () => this.retry() }, strings.retry));
  }

  /** Gives up a view that costs much, and keeps its place; false where there is none. */
  rest(): boolean {
    if (!this.view || !isCostly(this.view.type)) return false;
    this.element.style.minHeight = `${this.element.offsetHeight}px`;
    discard(this.view.view);
    this.view = null;
    fill(this.status, skeleton());
    this.status.hidden = false;
    this.note.hidden = true;
    return true;
  }

  remove(): void {
    this.view?.view.remove();
    this.view = null;
  }

  /** A new view is laid out behind the old one until it has something to show. */
  private async showIn(type: string, view: CellView, record: CellRecord, signal: AbortSignal): Promise<void> {
    const isNew = view !== this.view?.view;
    if (isNew) {
      view.element.classList.add("coming");
      this.note.before(view.element);
    }
    try {
      await view.show(record, signal);
    } catch (error) {
      if (isNew) discard(view);
      throw error;
    }
    if (signal.aborted) {
      if (isNew) discard(view);
      return;
    }
    if (isNew) this.replace(type, view);
    this.status.hidden = this.note.hidden = true;
    this.element.style.minHeight = "";
    this.shown++;
  }

  private replace(type: string, view: CellView): void {
    if (this.view) discard(this.view.view);
    this.view = { type, view };
    view.element.classList.remove("coming");
  }

  private say(...content: HTMLElement[]): void {
    if (this.view) discard(this.view.view);
    this.view = null;
    fill(this.status, ...content);
    this.status.hidden = false;
    this.note.hidden = true;
    this.element.style.minHeight = "";
    this.shown++;
  }
}

const skeleton = (): HTMLElement => h("div", { class: "skeleton-plot" });

function discard(view: CellView): void {
  view.remove();
  view.element.remove();
}

function explain(error: unknown): string {
  if (error instanceof Unreachable) return words.away;
  if (error instanceof ApiError) return error.message;
  if (error instanceof Error && !(error instanceof TypeError)) return error.message;
  console.error(error);
  return words.fault;
}

/** Of a value that has no view, what can be said without showing it. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return words.aText(formatCount(value.length));
  if (typeof value === "number") return words.aNumber;
  if (typeof value === "boolean") return words.aTruth;
  return Array.isArray(value) ? words.aList(formatCount(value.length)) : words.anObject;
}
