/** The section Console: what the processes of the run have printed. */

import { call, isServerTrouble, reached } from "../api.ts";
import { copyButton } from "../copybutton.ts";
import { fill, h } from "../dom.ts";
import { formatCount, formatMoment, formatShort } from "../format.ts";
import { icon } from "../icons.ts";
import { isoOf, type Writer } from "../model.ts";
import { consoleFile, getConsole } from "../runapi.ts";
import type { Section } from "../section.ts";
import type { News } from "../socket.ts";
import { words } from "../words.ts";
import { ConsoleBook } from "./book.ts";
import { ConsoleFind } from "./find.ts";
import { ConsoleView } from "./view.ts";

export class ConsoleSection implements Section {
  readonly name = "console";
  readonly tools: readonly HTMLElement[];
  private readonly book: ConsoleBook;
  private readonly view: ConsoleView;
  private readonly find: ConsoleFind;
  private readonly writers = h("select", { class: "select", "aria-label": words.writer });
  private readonly writerBox = h("div", { class: "select-box", hidden: true }, this.writers, icon("right", 14));
  private readonly file = h("a", { class: "icon-button", "aria-label": words.downloadLines, title: words.downloadLines, download: "" }, icon("download", 15));
  private readonly empty = h("div", { class: "message slim" }, h("h2", {}, words.noConsole), h("p", {}, words.noConsoleText));
  readonly element: HTMLElement;
  private asked = false;
  private shownWriters = "";

  /** `counted`: the number of lines has changed. */
  constructor(private readonly run: string, private readonly counted: () => void) {
    const failed = (error: unknown): void => {
      if (!isServerTrouble(error)) throw error; // the connection says that the server is away
    };
    this.book = new ConsoleBook((writer, part) => getConsole(run, writer, part), () => this.changed(), failed);
    this.view = new ConsoleView(this.book);
    this.find = new ConsoleFind((find, first, limit) => getConsole(run, this.book.writer, { find, first, limit }),
      (text, line) => this.view.mark(text, line), failed);
    this.writers.addEventListener("change", () => this.choose(Number(this.writers.value)));
    this.tools = [this.find.element, this.writerBox, this.timesButton(),
      copyButton(words.output, () => this.allText()), this.file];
    this.element = h("div", {}, this.empty, this.view.element);
    this.changed();
  }

  get search(): HTMLInputElement {
    return this.find.input;
  }

  get count(): string {
    const lines = this.book.writers.reduce((sum, one) => sum + one.lines, 0);
    return lines > 0 ? formatShort(lines) : "";
  }

  update(): void {
    if (!this.asked) this.reload(); // from then on news tell of more
    this.asked = true;
  }

  turn(front: boolean): void {
    if (front) this.view.draw();
  }

  news(news: News): void {
    if (news.console) this.reload();
  }

  reload(): void {
    void this.book.refresh();
  }

  private changed(): void {
    const has = this.book.length > 0;
    this.empty.hidden = has;
    this.view.element.hidden = !has;
    for (const tool of this.tools) tool.classList.toggle("off", !has);
    this.file.href = consoleFile(this.run, this.book.writer);
    this.showWriters();
    this.view.draw();
    this.find.refresh();
    this.counted();
  }

  private showWriters(): void {
    const all = this.book.writers;
    this.writerBox.hidden = all.length < 2;
    const wanted = JSON.stringify(all);
    if (wanted === this.shownWriters) return;
    this.shownWriters = wanted;
    const now = this.book.writer;
    fill(this.writers, ...all.map((one, i) =>
      h("option", { value: i, selected: one.session === now?.session && one.rank === now.rank }, nameOf(one, all))));
  }

  private choose(index: number): void {
    const writer = this.book.writers[index];
    if (!writer) return;
    this.view.clear();
    this.book.choose(writer);
    this.find.refresh(true);
  }

  private async allText(): Promise<string> {
    const { search } = new URL(consoleFile(this.run, this.book.writer), location.href);
    const answer = await call(`/runs/${encodeURIComponent(this.run)}/console${search}`, {});
    return reached(answer.text());
  }

  private timesButton(): HTMLElement {
    const button = h("button", { type: "button", class: "chip-button", "aria-pressed": "false" }, words.times);
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      this.view.showTimes(shown);
    });
    return button;
  }
}

/** "rank 0 · 15:04 · 1,234 lines": the time of the session where there are several. */
function nameOf({ session, rank, lines }: Writer, all: readonly Writer[]): string {
  const sessions = new Set(all.map((one) => one.session)).size > 1;
  return [words.rank(rank), sessions ? formatMoment(isoOf(session)) : "", words.lines(formatCount(lines))].filter(Boolean).join(" · ");
}
