/** The cells of a run: those that name it by its id or by its name. */

import { h } from "../dom.ts";
import { formatCount } from "../format.ts";
import type { Known, Section } from "../section.ts";
import type { Toasts } from "../toast.ts";
import { searchField } from "../toolbar.ts";
import type { Place } from "./api.ts";
import type { CellNews } from "./ledger.ts";
import { CellRoom } from "./room.ts";
import { words } from "./words.ts";

/** A search field is of use from a handful of cells on. */
export const SEARCH_FROM = 8;

export class CellSection implements Section {
  readonly name = "cells";
  readonly element: HTMLElement;
  readonly tools: readonly HTMLElement[];
  readonly room: CellRoom;
  private readonly field = searchField(words.find, (text) => this.room.find(text), words.findHelp);
  private readonly empty = h("div", { class: "message slim", hidden: true }, h("h2", {}, words.none), h("p", {}, words.noneText));
  private runName: string;

  /** `counted`: there are more or fewer cells. */
  constructor({ run }: Known, toasts: Toasts, counted: () => void) {
    this.runName = run.name;
    this.room = new CellRoom(placeOf(run), toasts, () => {
      this.fit();
      counted();
    });
    this.tools = [this.field, this.room.menu.element];
    this.element = h("div", {}, this.empty, this.room.element);
    this.field.hidden = true;
  }

  get count(): string {
    return this.room.count > 0 ? formatCount(this.room.count) : "";
  }

  get search(): HTMLInputElement | null {
    return this.field.hidden ? null : this.field.querySelector("input");
  }

  update({ run }: Known): void {
    if (run.name === this.runName) return;
    this.runName = run.name;
    this.room.rename(placeOf(run));
  }

  take(news: CellNews): void {
    this.room.take(news);
  }

  turn(): void {
    // What is not in front is out of sight, which the board sees by itself.
  }

  news(): void {
    // Entries and console output are none of it.
  }

  reload(): void {
    void this.room.reload();
  }

  private fit(): void {
    this.field.hidden = this.room.count < SEARCH_FROM;
    this.empty.hidden = this.room.count > 0;
  }
}

const placeOf = ({ id, name }: Known["run"]): Place => ({ name: id, runs: [id, name] });
