/** The cells of one page: what there is, how it is arranged, what the reader does with it. */

import { ApiError, isServerTrouble } from "../api.ts";
import { h, setText } from "../dom.ts";
import type { Toasts } from "../toast.ts";
import { makeCell, removeCell, type Place } from "./api.ts";
import { arranged, isUnarranged, UNARRANGED, withOrder, withSize, type Size } from "./arrangement.ts";
import { Arranger } from "./arranger.ts";
import { Board } from "./board.ts";
import type { CellCard } from "./card.ts";
import { ColumnMenu } from "./columnmenu.ts";
import { Dragging } from "./dragging.ts";
import { moveByKeys } from "./keys.ts";
import { Ledger, type CellNews } from "./ledger.ts";
import type { Cell } from "./record.ts";
import { Sizing } from "./sizing.ts";
import { words } from "./words.ts";

/** So many are shown at first; each click on the button below them shows as many more. */
const SHOWN = 60;
const CONNECTED_WITHIN_MS = 2000;

export class CellRoom {
  readonly element: HTMLElement;
  readonly menu: ColumnMenu;
  private readonly board: Board;
  private readonly ledger: Ledger;
  private readonly arranger: Arranger;
  private readonly dragging: Dragging;
  private readonly said = h("p", { class: "off-screen", role: "status", "aria-live": "polite" });
  private readonly moreButton = h("button", { type: "button", class: "button", onclick: () => this.more() });
  private readonly moreBox = h("div", { class: "cells-more", hidden: true }, this.moreButton);
  private readonly nothing = h("p", { class: "nothing", role: "status", hidden: true });
  private mayChange = false;
  private limit = SHOWN;
  private wanted = "";
  private settle: (() => void) | null = null;
  private opening: ReturnType<typeof setTimeout> | undefined;
  private filled: () => void = () => undefined;
  private readonly filling = new Promise<void>((resolve) => (this.filled = resolve));

  /** `counted`: there are more or fewer of them. */
  constructor(place: Place, private readonly toasts: Toasts, private readonly counted: () => void) {
    this.ledger = new Ledger(place, () => this.changed());
    this.arranger = new Arranger(place, { changed: () => this.show(), refused: (error) => this.refused(error) });
    this.board = new Board({
      took: (record) => this.ledger.took(record), gone: (id) => this.ledger.drop([id]),
      remove: (card) => void this.remove(card), resize: (id, size) => this.resize(this.board.card(id)!, size),
      told: (text) => this.toasts.show({ text }),
    });
    this.menu = new ColumnMenu({ choose: (columns) => this.chooseColumns(columns), reset: () => this.reset() });
    this.dragging = this.makeMovable();
    new Sizing(this.board, (card, size) => this.resize(card, size));
    this.element = h("div", { class: "cells" }, this.board.element, this.nothing, this.moreBox, this.said);
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  get count(): number {
    return this.ledger.cells.length;
  }

  /** Resolves when the cells in sight are shown. */
  async ready(): Promise<void> {
    await this.filling;
    await this.board.ready();
  }

  get cards(): readonly CellCard[] {
    return this.board.shown;
  }

  /**
   * Asks which cells there are, and how they are arranged. What is in them is asked for when changes
   * are told, so that it comes once: when the connection stands, or does not come about.
   */
  async start(): Promise<void> {
    this.opening = setTimeout(() => this.open(), CONNECTED_WITHIN_MS);
    await Promise.all([this.arranger.load(), this.ledger.reload()]);
  }

  /** Connected, at first or again: asks for everything. */
  async reload(): Promise<void> {
    await Promise.all([this.arranger.load(), this.ledger.reload()]);
    this.open();
  }

  /** Only what the server says that the reader may. */
  allow(change: boolean): void {
    this.mayChange = change;
    this.board.allow(change);
    this.showMenu();
  }

  /** The run is called otherwise now. */
  rename(place: Place): void {
    this.ledger.place = place;
    void this.ledger.reload();
  }

  take(news: CellNews): void {
    if (news.all) return void this.reload();
    this.ledger.drop(news.removed);
    for (const { id } of news.changed) this.board.card(id)?.changed();
    this.ledger.want(this.toAsk(news));
    if (news.arranged.includes(this.ledger.place.name)) void this.arranger.load();
  }

  /** Only cells whose words fit. */
  find(text: string): void {
    this.wanted = text.trim();
    this.show();
  }

  tick(): void {
    this.board.each((card) => card.tick());
  }

  /** The cell that an address names, wherever it stands. */
  point(id: string): void {
    if (!this.ledger.has(id)) return;
    this.limit = Math.max(this.limit, this.inOrder().findIndex((cell) => cell.id === id) + 1);
    this.show();
    this.board.card(id)?.point();
  }

  /** Those in sight bring their own heads; of others nothing may be here yet. */
  private toAsk({ changed }: CellNews): string[] {
    const { runs } = this.ledger.place;
    const ids = changed.filter(({ id, run }) => this.ledger.has(id) || runs === null || (run !== null && runs.includes(run)));
    return ids.map(({ id }) => id).filter((id) => !this.board.card(id)?.loader.isBusy);
  }

  private open(): void {
    clearTimeout(this.opening);
    this.board.reload();
    this.filled();
  }

  private makeMovable(): Dragging {
    const told = (text: string): void => setText(this.said, text);
    const mayMove = (): boolean => this.mayChange && this.wanted === "";
    moveByKeys(this.board, { mayMove, told, moved: (ids) => this.order(ids) });
    return new Dragging(this.board, { mayMove, told, dropped: (ids, settle) => this.order(ids, settle) });
  }

  private wake(): void {
    void this.ledger.ask();
    this.board.each((card) => card.loader.wake());
  }

  private changed(): void {
    this.show();
    this.counted();
  }

  private inOrder(): Cell[] {
    const found = this.wanted.toLowerCase().split(/\s+/);
    const cells = this.ledger.cells.filter((cell) => found.every((word) => `${cell.name}\n${cell.description}`.toLowerCase().includes(word)));
    return arranged(cells, this.arranger.now.order);
  }

  private show(): void {
    const cells = this.inOrder();
    const shown = cells.slice(0, this.limit);
    const { settle } = this;
    this.settle = null;
    if (!settle && !this.board.stands(shown)) this.dragging.cancel();
    this.board.show(shown, this.arranger.now, settle ?? (() => undefined));
    this.showMenu();
    this.moreBox.hidden = cells.length <= this.limit;
    setText(this.moreButton, words.more(Math.min(SHOWN, cells.length - this.limit)));
    this.nothing.hidden = cells.length > 0 || this.wanted === "";
    setText(this.nothing, words.noneFound(this.wanted));
  }

  /** One cell alone has nothing to be arranged with. */
  private showMenu(): void {
    this.menu.element.hidden = !this.mayChange || this.count < 2;
    this.menu.show(this.arranger.now.columns, !isUnarranged(this.arranger.now));
  }

  private more(): void {
    this.limit += SHOWN;
    this.show();
  }

  private order(ids: readonly string[], settle: (() => void) | null = null): void {
    const all = this.inOrder().map((cell) => cell.id);
    this.settle = settle;
    this.arranger.edit(withOrder(this.arranger.now, [...ids, ...all.slice(ids.length)]));
  }

  private resize(card: CellCard, size: Size): void {
    setText(this.said, words.sized(card.name, size.columns, size.height));
    this.arranger.edit(withSize(this.arranger.now, card.cell.id, size));
  }

  private chooseColumns(columns: number): void {
    setText(this.said, words.columnCount(columns));
    this.arranger.edit({ ...this.arranger.now, columns });
  }

  private reset(): void {
    const before = this.arranger.now;
    this.arranger.edit(UNARRANGED);
    this.toasts.show({ text: words.resetDone, action: { label: words.undo, run: () => this.arranger.edit(before) } });
  }

  private async remove(card: CellCard): Promise<void> {
    const { name } = card;
    const record = await this.tried(() => removeCell(card.cell.id));
    if (!record) return;
    this.ledger.drop([record._id]);
    const undo = async (): Promise<void> => {
      await this.tried(() => makeCell(record));
      this.ledger.want([record._id]);
    };
    this.toasts.show({ text: words.removed(name), action: { label: words.undo, run: () => void undo() } });
  }

  private async tried<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      this.refused(error);
      return null;
    }
  }

  private refused(error: unknown): void {
    this.toasts.show({ text: words.refused(error instanceof ApiError ? error.message : words.away), isError: true });
  }
}
