/** All runs, by project, with their states as they change. */

import { getLogin, getProjects, isServerTrouble } from "./api.ts";
import { Banner } from "./banner.ts";
import { homePage } from "./base.ts";
import { fadeEdges } from "./edges.ts";
import { fill, h, setText } from "./dom.ts";
import { Filter, SORTS, STATES, type Chosen } from "./filter.ts";
import { formatCount } from "./format.ts";
import { icon } from "./icons.ts";
import type { Watched } from "./handle.ts";
import type { Project, Run, RunState } from "./model.ts";
import { Previews } from "./previews.ts";
import { RunList } from "./runlist.ts";
import { Live, type Connection } from "./socket.ts";
import { strings } from "./strings.ts";
import { searchField, segmented } from "./toolbar.ts";
import { TopBar } from "./topbar.ts";
import { welcome } from "./welcome.ts";

const TYPING_MS = 160;
const PROJECTS_EVERY_MS = 1500;

export class HomePage {
  readonly element: HTMLElement;
  private readonly bar = new TopBar();
  private readonly banner = new Banner();
  private readonly live: Live;
  private readonly list: RunList;
  private readonly projectLinks = h("ul", {});
  private readonly projects = h("nav", { class: "projects", "aria-label": strings.projects },
    h("h2", {}, strings.projects), this.projectLinks);
  private readonly title = h("h1", {});
  private readonly count = h("span", { class: "count" });
  private readonly nothing = h("p", { class: "nothing", hidden: true }, strings.noRunsFit);
  private readonly start_ = h("div", { hidden: true });
  private readonly tools = h("div", { class: "toolbar" });
  private readonly board: HTMLElement;
  private filter = Filter.fromAddress(location.search);
  private typing: ReturnType<typeof setTimeout> | undefined;
  private projectsDue: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly loaded: readonly Project[]) {
    this.live = new Live({
      connection: (state) => this.connectionTurned(state),
      run: (told) => this.take(told),
    });
    this.list = new RunList(new Previews(), {
      counted: (shown, total) => this.counted(shown, total),
      failed: (error) => {
        if (!isServerTrouble(error)) throw error; // the connection says that the server is away
      },
    });
    this.drawControls();
    fadeEdges(this.projects);
    this.board = this.layout();
    this.element = h("div", { class: "shell home-page" }, this.bar.element, this.banner.element, this.start_, this.board);
  }

  async start(): Promise<void> {
    this.showProjects(this.loaded);
    window.addEventListener("popstate", () => this.returned());
    this.live.open();
    setInterval(() => this.list.tick(), 1000);
    await this.list.show(this.filter);
  }

  get watched(): Watched {
    return { connection: () => this.live.connection, frame: () => 0, ready: () => Promise.resolve() };
  }

  private layout(): HTMLElement {
    return h("div", { class: "split" }, this.projects,
      h("main", { id: "main" },
        h("div", { class: "list-head" }, h("div", { class: "title-line" }, this.title, this.count), this.tools),
        h("div", { class: "table" },
          h("div", { class: "row row-head", "aria-hidden": "true" }, ...strings.columnsOfRuns.map((name) => h("div", {}, name))),
          this.list.element),
        this.nothing, this.list.sentinel));
  }

  private drawControls(): void {
    const { chosen } = this.filter;
    const find = searchField(strings.findRuns, (text) => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.choose({ text: text.trim() }), TYPING_MS);
    }, strings.findRunsHelp);
    find.querySelector("input")!.value = chosen.text;
    const states = segmented<RunState | "">(strings.state, chosen.state,
      [["", strings.allStates], ...STATES.map((state) => [state, strings.states[state]] as const)],
      (state) => this.choose({ state }));
    const sort = h("select", { class: "select", "aria-label": strings.sort },
      ...SORTS.map((one) => h("option", { value: one, selected: one === chosen.sort }, strings.sorts[one])));
    sort.addEventListener("change", () => this.choose({ sort: sort.value as Chosen["sort"] }));
    const scroller = h("div", { class: "scroller" }, states);
    fadeEdges(scroller);
    fill(this.tools, find, scroller, h("div", { class: "select-box" }, sort, icon("right", 14)));
  }

  /** Each choice is a step in the history, a word that is still being typed is one altogether. */
  private choose(part: Partial<Chosen>): void {
    const before = this.filter;
    this.filter = before.with(part);
    if (this.filter.address() === before.address()) return;
    const goesOn = part.text !== undefined && part.text !== "" && before.chosen.text !== "";
    history[goesOn ? "replaceState" : "pushState"](null, "", homePage(this.filter.address()));
    this.markProject();
    void this.list.show(this.filter);
  }

  /** Back or forward: the choices stand in the address. */
  private returned(): void {
    clearTimeout(this.typing);
    this.filter = Filter.fromAddress(location.search);
    this.drawControls();
    this.markProject();
    void this.list.show(this.filter);
  }

  private take(run: Run | { id: string; deleted: true }): void {
    this.list.take(run);
    this.projectsDue ??= setTimeout(() => void this.refreshProjects(), PROJECTS_EVERY_MS);
  }

  private async refreshProjects(): Promise<void> {
    try {
      this.showProjects(await getProjects());
    } catch (error) {
      // The connection says that the server is away; the next run brings this up again.
      if (!isServerTrouble(error)) throw error;
    } finally {
      this.projectsDue = undefined;
    }
  }

  private showProjects(projects: readonly Project[]): void {
    const runs = projects.reduce((sum, one) => sum + one.runs, 0);
    const running = projects.reduce((sum, one) => sum + one.running, 0);
    const all = this.projectLink("", strings.allProjects, runs, running);
    fill(this.projectLinks, all, ...projects.map((one) => this.projectLink(one.name, one.name, one.runs, one.running)));
    this.markProject();
    void this.showStart(runs === 0 && this.filter.isOpen);
  }

  private projectLink(project: string, label: string, runs: number, running: number): HTMLElement {
    const link = h("a", { href: homePage(project && `?project=${encodeURIComponent(project)}`), "data-project": project, title: label },
      h("span", { class: "project-name" }, label),
      running > 0 && h("span", {
        class: "project-running", role: "img", title: strings.runningCount(running), "aria-label": strings.runningCount(running),
      }, h("span", { class: "pulse" })),
      h("span", { class: "project-count", title: strings.runCount(formatCount(runs)) }, formatCount(runs)));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.choose({ project });
    });
    return h("li", {}, link);
  }

  private markProject(): void {
    for (const link of this.projects.querySelectorAll("a")) {
      if (link.dataset["project"] === this.filter.chosen.project) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    setText(this.title, this.filter.chosen.project || strings.allRuns);
    document.title = strings.title(this.filter.chosen.project || strings.allRuns);
  }

  private async showStart(isEmpty: boolean): Promise<void> {
    this.start_.hidden = !isEmpty;
    this.board.hidden = isEmpty;
    if (!isEmpty || this.start_.hasChildNodes()) return;
    const { login } = await getLogin().catch(() => ({ login: false }));
    fill(this.start_, welcome(login));
  }

  private counted(shown: number, total: number): void {
    setText(this.count, formatCount(total));
    this.nothing.hidden = shown > 0;
  }

  private connectionTurned(state: Connection): void {
    this.bar.setConnection(state);
    if (state === "offline") {
      this.banner.show({
        kind: "offline", title: strings.offlineTitle, text: strings.offlineText,
        action: { label: strings.retry, run: () => this.live.retry() },
      });
    }
    if (state === "live") void this.connected();
  }

  /** What changed before the server knew that this page looks is asked for afterwards. */
  private async connected(): Promise<void> {
    this.banner.hide("offline");
    await this.live.watchRuns();
    await Promise.all([this.list.reload(), this.refreshProjects()]);
  }
}
