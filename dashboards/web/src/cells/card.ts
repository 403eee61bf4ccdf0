/** A cell in its frame: title, what is in it, description, tools. */

import { copyText } from "../clipboard.ts";
import { h, setText } from "../dom.ts";
import { Enlarge } from "../enlarge.ts";
import { formatDuration, formatMoment } from "../format.ts";
import { icon } from "../icons.ts";
import { menuButton, type MenuItem } from "../menu.ts";
import type { Size } from "./arrangement.ts";
import { cellAddress, runAddress } from "./addresses.ts";
import { downloadOf } from "./download.ts";
import { Loader, type LoaderEvents } from "./loader.ts";
import type { Cell } from "./record.ts";
import { Stage } from "./stage.ts";
import type { CellRecord } from "./view.ts";
import { words } from "./words.ts";

export interface CardEvents {
  took(record: CellRecord): boolean;
  gone(id: string): void;
  remove(card: CellCard): void;
  resize(id: string, size: Size): void;
  told(text: string): void;
}

/** So long a change counts as just now. */
const NOW_S = 5;

export class CellCard {
  /** Its place in the grid; the card lies in it, or above it while it is dragged. */
  readonly slot: HTMLElement;
  readonly card: HTMLElement;
  readonly grip = h("button", { type: "button", class: "icon-button small cell-grip" }, icon("grip", 14));
  readonly corner = h("button", { type: "button", class: "cell-corner" });
  readonly stage = new Stage(() => this.loader.changed());
  readonly loader: Loader;
  size: Size = { columns: 1, height: null };
  private readonly title = h("h3", {});
  private readonly age = h("span", { class: "at cell-age" });
  private readonly about = h("p", { class: "cell-about" });
  private readonly enlarge = new Enlarge(() => this.card, (large) => this.enlarging(large));
  private record: CellRecord | null = null;
  private changedAt: Date | null = null;
  private mayChange = false;
  private place = 0;

  constructor(public cell: Cell, private readonly columns: () => number, private readonly events: CardEvents) {
    this.loader = new Loader(cell.id, this.stage, this.loaded());
    this.card = this.layout();
    this.slot = h("div", { class: "cell-slot", role: "listitem", "data-cell": cell.id }, this.card);
    this.allow(false);
    this.update(cell);
  }

  /** What the reader knows it by. */
  get name(): string {
    return this.cell.name || words.nameless(this.cell.type, this.place + 1);
  }

  get isLarge(): boolean {
    return this.enlarge.isLarge;
  }

  update(cell: Cell): void {
    this.cell = cell;
    setText(this.title, cell.name);
    this.title.title = cell.name;
    setText(this.about, cell.description);
    this.about.hidden = cell.description === "";
    this.card.classList.toggle("nameless", cell.name === "");
    this.card.dataset["type"] = cell.type;
    this.label();
  }

  /** `place`, from 0, among all that are shown; `columns`: as many as the page has room for. */
  arrange(place: number, size: Size, columns: number): void {
    this.place = place;
    this.size = size;
    this.slot.style.gridColumn = `span ${Math.min(size.columns, columns)}`;
    this.stage.element.style.height = size.height === null ? "" : `${size.height}px`;
    this.fit(this.isLarge);
    this.label();
  }

  /** Its place stays as high as it was, so that the page behind does not move. */
  private enlarging(large: boolean): void {
    this.slot.style.minHeight = large ? `${this.slot.offsetHeight}px` : "";
    this.fit(large);
  }

  /** Whether what is in it has a height of its own, or takes the one it is given. */
  private fit(large: boolean): void {
    this.stage.element.classList.toggle("sized", large || this.size.height !== null);
  }

  allow(change: boolean): void {
    this.mayChange = change;
    this.grip.hidden = this.corner.hidden = !change;
  }

  /** The server told that it has changed. */
  changed(): void {
    this.changedAt = new Date();
    this.tick();
    this.loader.changed();
  }

  tick(): void {
    const { changedAt } = this;
    if (!changedAt) return;
    const seconds = (Date.now() - changedAt.getTime()) / 1000;
    setText(this.age, seconds < NOW_S ? words.justNow : words.ago(formatDuration(seconds)));
    this.age.title = words.updatedAt(formatMoment(changedAt.toISOString()));
  }

  remove(): void {
    if (this.isLarge) this.enlarge.turn(false);
    this.loader.remove();
    this.stage.remove();
    this.slot.remove();
  }

  /** Looked for and found: it is marked for a moment. */
  point(): void {
    this.slot.scrollIntoView({ block: "center" });
    this.card.classList.add("pointed");
    setTimeout(() => this.card.classList.remove("pointed"), 2500);
  }

  private loaded(): LoaderEvents {
    return {
      took: (record) => {
        this.record = record;
        return this.events.took(record);
      },
      gone: () => this.events.gone(this.cell.id),
    };
  }

  private layout(): HTMLElement {
    const menu = menuButton(words.menu(""), () => this.items());
    return h("section", { class: "card cell" },
      h("header", { class: "card-head" }, this.grip, this.title, this.age,
        h("div", { class: "card-tools" }, menu, this.enlarge.button)),
      this.stage.element, this.about, this.corner);
  }

  /** What reads the page aloud needs a name even where there is none to be seen. */
  private label(): void {
    const { name } = this;
    this.card.setAttribute("aria-label", name);
    this.grip.setAttribute("aria-label", words.move(name));
    this.grip.title = words.moveHelp;
    this.corner.setAttribute("aria-label", words.resize(name));
    this.corner.title = words.resizeHelp;
    this.card.querySelector(".card-tools button")!.setAttribute("aria-label", words.menu(name));
  }

  private items(): MenuItem[] {
    const { cell, size } = this;
    const plain: Size = { columns: 1, height: null };
    const items: (MenuItem | null)[] = [
      this.record && downloadOf(this.record, cell),
      { label: words.copyLink, run: () => void this.copy(words.theLink, cellAddress(cell.id)) },
      { label: words.copyId, run: () => void this.copy(words.theId, cell.id) },
      cell.run ? { label: words.toRun, run: () => void runAddress(cell.run).then((address) => address && location.assign(address)) } : null,
    ];
    if (this.mayChange) {
      const isPlain = size.columns === 1 && size.height === null;
      items.push(
        size.columns < this.columns() ? { label: words.fullWidth, run: () => this.events.resize(cell.id, { ...size, columns: this.columns() }) } : null,
        isPlain ? null : { label: words.plainSize, run: () => this.events.resize(cell.id, plain) },
        { label: words.remove, run: () => this.events.remove(this) },
      );
    }
    return items.filter((item) => item !== null);
  }

  private async copy(what: string, text: string): Promise<void> {
    if (await copyText(text)) this.events.told(words.copied(what));
  }
}
