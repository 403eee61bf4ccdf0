/** The cells, then all runs, by project, with their states as they change. */

import { getLogin, getProjects, getRuns, isServerTrouble } from "./api.ts";
import { homePage } from "./base.ts";
import { HomeCells } from "./cells/homecells.ts";
import { words as cellWords } from "./cells/words.ts";
import { Changes } from "./changes.ts";
import { fill, h, setText } from "./dom.ts";
import { Filter, type Chosen } from "./filter.ts";
import { formatCount } from "./format.ts";
import type { Watched } from "./handle.ts";
import { Chooser } from "./home/chooser.ts";
import { trashColumns } from "./home/columns.ts";
import { ListTools } from "./home/listtools.ts";
import { ProjectNav } from "./home/projectnav.ts";
import { SelectionBar } from "./home/selectionbar.ts";
import { TrashBar } from "./home/trashbar.ts";
import type { Page, Project, Run } from "./model.ts";
import { Preferences } from "./prefs.ts";
import { RunList } from "./runlist.ts";
import { Shell } from "./shell.ts";
import { strings } from "./strings.ts";
import { welcome } from "./welcome.ts";
import { words } from "./words.ts";

const PROJECTS_EVERY_MS = 1500;

export class HomePage {
  readonly element: HTMLElement;
  private readonly shell: Shell;
  private readonly prefs = new Preferences();
  private readonly cells: HomeCells;
  private readonly list: RunList;
  private readonly nav = new ProjectNav((place) => this.choose(place));
  private readonly tools: ListTools;
  private readonly bar: SelectionBar;
  private readonly trash: TrashBar;
  private trashDays: number | null = null;
  private total = 0;
  private readonly title = h("h1", {});
  private readonly count = h("span", { class: "count" });
  private readonly nothing = h("p", { class: "nothing", hidden: true });
  private readonly start_ = h("div", { hidden: true });
  private readonly board: HTMLElement;
  private hasRuns = true;
  private filter = Filter.fromAddress(location.search);
  private mayRemove = false;
  private projectsDue: ReturnType<typeof setTimeout> | undefined;
  /** How often projects were asked for. */
  private asked = 0;

  /** `first`: the page of the list that the address asks for, on its way already. */
  constructor(private readonly loaded: readonly Project[], private readonly first: Promise<Page<Run>>) {
    this.shell = new Shell({
      connected: () => this.connected(), run: (told) => this.take(told), cells: (news) => this.cells.room.take(news),
    });
    this.cells = new HomeCells(this.shell.toasts, this.prefs, () => void this.showParts());
    this.list = new RunList({
      counted: (total) => this.counted(total),
      selected: () => this.bar.show(this.filter.chosen.deleted, this.mayRemove),
      sorted: (sort) => this.choose({ sort }),
      failed: (error) => {
        if (!isServerTrouble(error)) throw error; // the connection says that the server is away
      },
    });
    const changes = new Changes(this.shell.toasts, () => void this.refresh());
    this.bar = new SelectionBar(this.list.selection, changes);
    const chooser = new Chooser(this.prefs.now.columns, () => this.filter.chosen.project, (columns) => {
      this.prefs.set("columns", columns);
      this.showColumns();
    });
    this.trash = new TrashBar(changes);
    this.tools = new ListTools(chooser.element, (part) => this.choose(part));
    this.tools.draw(this.filter.chosen);
    this.showColumns();
    void changes.rights().then(({ change, remove }) => {
      this.cells.room.allow(change);
      this.mayRemove = remove;
      this.showTrash();
    });
    this.board = this.layout();
    this.element = this.shell.around("home-page", this.start_, this.board);
  }

  async start(): Promise<void> {
    this.showProjects(this.loaded);
    window.addEventListener("popstate", () => this.returned());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => document.hidden || void this.refresh());
    this.shell.live.open();
    setInterval(() => this.tick(), 1000);
    await Promise.all([this.list.show(this.filter, this.first), this.cells.start()]);
  }

  get watched(): Watched {
    const { room } = this.cells;
    return { cells: room, connection: () => this.shell.live.connection, frame: () => 0, ready: () => room.ready() };
  }

  private tick(): void {
    this.list.tick();
    this.cells.room.tick();
  }

  private layout(): HTMLElement {
    return h("div", { class: "split" }, this.nav.element,
      h("main", { id: "main" }, this.cells.element,
        h("div", { class: "home-runs" },
          h("div", { class: "list-head" }, h("div", { class: "title-line" }, this.title, this.count), this.tools.element),
          this.trash.element, this.bar.element, this.list.element, this.nothing)));
  }

  /** Each choice is a step in the history, a word that is still being typed is one altogether. */
  private choose(part: Partial<Chosen>): void {
    const before = this.filter;
    this.filter = before.with(part);
    if (this.filter.address() === before.address()) return;
    const goesOn = part.text !== undefined && part.text !== "" && before.chosen.text !== "";
    history[goesOn ? "replaceState" : "pushState"](null, "", homePage(this.filter.address()));
    if (part.sort !== undefined) this.tools.draw(this.filter.chosen);
    this.showChosen();
  }

  /** Back or forward: the choices stand in the address. */
  private returned(): void {
    this.filter = Filter.fromAddress(location.search);
    this.tools.draw(this.filter.chosen);
    this.showChosen();
  }

  private showChosen(): void {
    this.list.selection.clear();
    this.mark();
    this.showColumns();
    void this.list.show(this.filter);
  }

  private showColumns(): void {
    const { deleted } = this.filter.chosen;
    this.list.setColumns(this.prefs.now.columns, deleted ? trashColumns(this.trashDays) : []);
    this.showTrash();
    if (deleted && this.trashDays === null) void this.learnDays();
  }

  private async learnDays(): Promise<void> {
    this.trashDays = await this.trash.askDays();
    if (this.trashDays !== null) this.showColumns();
  }

  private showTrash(): void {
    this.trash.show(this.filter.chosen.deleted, this.mayRemove, this.total);
  }

  /** "/" leads to the search. */
  private key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.tools.search?.focus();
  }

  /** Nothing is kept for a page that nobody sees: seen again, it asks for what is new. */
  private take(run: Run | { id: string; deleted: true }): void {
    if (document.hidden) return;
    this.list.take(run);
    this.projectsDue ??= setTimeout(() => void this.refreshProjects(), PROJECTS_EVERY_MS);
  }

  private async refresh(): Promise<void> {
    await Promise.all([this.list.reload(), this.refreshProjects()]);
  }

  /** A run that changes while the answer is on its way may be newer than it: that asks again. */
  private async refreshProjects(): Promise<void> {
    clearTimeout(this.projectsDue);
    this.projectsDue = undefined;
    const mine = ++this.asked;
    try {
      const projects = await getProjects();
      if (mine === this.asked) this.showProjects(projects);
    } catch (error) {
      // The connection says that the server is away; the next run brings this up again.
      if (!isServerTrouble(error)) throw error;
    }
  }

  private showProjects(projects: readonly Project[]): void {
    this.nav.show(projects);
    this.mark();
    const runs = projects.reduce((sum, one) => sum + one.runs, 0);
    void this.lookForRuns(runs === 0 && this.filter.isOpen);
  }

  private mark(): void {
    const { project, deleted } = this.filter.chosen;
    this.nav.mark({ project, deleted });
    const title = deleted ? words.trash : project || strings.allRuns;
    setText(this.title, title);
    void this.showParts();
  }

  /** Who has everything in the trash needs no welcome. */
  private async lookForRuns(hasNone: boolean): Promise<void> {
    const trash = new URLSearchParams({ deleted: "true", limit: "0" });
    this.hasRuns = !hasNone || (await getRuns(trash).catch(() => ({ total: 0 }))).total > 0;
    await this.showParts();
  }

  /** Cells and runs; either alone has the whole page, and where there is nothing it says how to begin. */
  private async showParts(): Promise<void> {
    const { project, deleted } = this.filter.chosen;
    const hasCells = this.cells.room.count > 0;
    const isEmpty = !this.hasRuns && !hasCells && this.cells.isKnown;
    this.start_.hidden = !isEmpty;
    this.board.hidden = !this.hasRuns && !hasCells;
    this.board.classList.toggle("cells-only", hasCells && !this.hasRuns);
    document.title = strings.title(isEmpty || this.hasRuns ? this.title.textContent : cellWords.cells);
    this.cells.show(hasCells && project === "" && !deleted, !this.hasRuns);
    if (!isEmpty || this.start_.hasChildNodes()) return;
    const { login } = await getLogin().catch(() => ({ login: false }));
    fill(this.start_, welcome(login));
  }

  private counted(total: number): void {
    this.total = total;
    this.showTrash();
    setText(this.count, formatCount(total));
    this.nothing.hidden = total > 0;
    this.list.element.hidden = total === 0;
    setText(this.nothing, this.filter.chosen.deleted && !this.filter.chosen.text ? words.trashEmpty : strings.noRunsFit);
  }

  /** What changed before the server knew that this page looks is asked for afterwards. */
  private async connected(): Promise<void> {
    await Promise.all([this.shell.live.watchRuns(), this.shell.live.watchCells()]);
    await Promise.all([this.refresh(), this.cells.room.reload()]);
  }
}
