/** A run: its head, its sections, its details, kept up to date. */

import { ApiError, getChannels, getCharts, getRun, isServerTrouble } from "./api.ts";
import { homePage } from "./base.ts";
import type { Card } from "./card.ts";
import { CellSection } from "./cells/section.ts";
import { Changes } from "./changes.ts";
import { ChartSection } from "./chartsection.ts";
import { Details } from "./details.ts";
import { fill, h } from "./dom.ts";
import { failurePage } from "./failure.ts";
import type { Frame } from "./frames.ts";
import type { Watched } from "./handle.ts";
import { icon } from "./icons.ts";
import type { Marker } from "./model.ts";
import { Painter } from "./painter.ts";
import { Preferences } from "./prefs.ts";
import { getMarkers } from "./runapi.ts";
import { RunHead } from "./runhead.ts";
import { sectionsOf } from "./sections.ts";
import type { Known, Section } from "./section.ts";
import { Shell } from "./shell.ts";
import type { News } from "./socket.ts";
import { strings } from "./strings.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Tabs } from "./tabs.ts";
import { onMode } from "./theme.ts";
import { words } from "./words.ts";

/** Figures beside the charts (last values, counts) are asked for again at most this often. */
const FIGURES_EVERY_MS = 2000;
/** A run of thousands of channels is asked for less often: asking takes at most this part of the time. */
const ASKING_SHARE = 0.1;

/** So wide that details stand beside the charts; below it they cover them (details.css). */
const WIDE = "(min-width: 1200px)";
/** Charts, cells, media: the sections that the page may begin with. */
const FRONTS = 3;

export class RunPage {
  readonly element: HTMLElement;
  private readonly wide = matchMedia(WIDE);
  private readonly prefs = new Preferences();
  private readonly painter = new Painter();
  private readonly shell: Shell;
  private readonly changes: Changes;
  private readonly head: RunHead;
  private readonly details: Details;
  private readonly sections: readonly Section[];
  private readonly cells: CellSection;
  private readonly tabs = new Tabs(words.sections, (name) => this.turn(name));
  private readonly tools = h("div", { class: "toolbar head-tools" });
  private readonly detailsButton = h("button", {
    type: "button", class: "button details-button", "aria-expanded": "false", "aria-controls": "details", "aria-label": strings.details,
    onclick: () => this.chooseDetails(!this.element.classList.contains("with-details")),
  }, icon("panel"), h("span", {}, strings.details));
  private front: Section;
  private paintedFrame = 0;
  private figuresDue: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private askingTook = 0;
  private markersOf = -1;
  private markers: readonly Marker[] = [];
  /** Times that the run's document was pushed. */
  private pushes = 0;

  /** `partly`: not all of its channels are known yet. */
  constructor(private known: Known, private readonly partly = false) {
    const { run } = known;
    this.shell = new Shell({
      connected: (first) => this.connected(first),
      frame: (frame) => this.take(frame),
      run: (told) => told.id === run.id && this.heard(told),
      news: (news) => news.run === run.id && this.news(news),
      cells: (news) => this.cells.take(news),
      band: (id) => id === run.id && this.askSoon(),
      layout: (id) => id === run.id && void this.relayout(),
    });
    this.changes = new Changes(this.shell.toasts, () => void this.refreshFigures());
    this.head = new RunHead(run, this.changes);
    this.details = new Details(this.changes, () => this.chooseDetails(false));
    this.cells = new CellSection(known, this.shell.toasts, () => this.count());
    this.sections = sectionsOf({
      run: run.id, origin: Date.parse(run.created_at) * 1000, subscriptions: new Subscriptions(run.id, this.shell.live),
      painter: this.painter, prefs: () => this.prefs.now, markers: () => this.markers,
      dropped: () => this.known.run.dropped_by ?? [],
    }, this.prefs, this.cells, () => this.count());
    this.front = this.sections[0]!;
    this.element = this.layout();
    this.prefs.onChange((_, changed) => this.prefChanged(changed));
    onMode(() => this.eachChart((section) => section.grid.each((card) => card.paintTheme())));
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => this.askSoon());
  }

  async start(): Promise<void> {
    this.show(this.known);
    const fitDetails = (): void => this.showDetails(this.prefs.now.details && this.wide.matches);
    this.wide.addEventListener("change", fitDetails);
    fitDetails();
    this.shell.live.open();
    setInterval(() => this.tick(), 1000);
    void this.changes.rights().then((rights) => {
      this.head.allow(rights);
      this.cells.room.allow(rights.change);
      if (rights.change) this.details.allow();
    });
    await this.chooseFront();
    if (this.partly) void this.refreshFigures();
  }

  private tick(): void {
    this.head.tick();
    this.cells.room.tick();
  }

  /** Charts, or where the run has none what it does have: cells, else media. */
  private async chooseFront(): Promise<void> {
    const learned = this.cells.room.start();
    const charts = this.sections[0]!;
    if (!charts.count) await learned;
    const shown = this.sections.slice(0, FRONTS).find((one) => one.count) ?? charts;
    this.tabs.follow(shown.name);
  }

  /** What `window.agnez` tells of this page. */
  get watched(): Watched {
    const cards = (): Map<string, Card> => new Map(this.charts.flatMap((section) => [...section.grid.cards]));
    return {
      grid: { get cards() { return cards(); } }, cells: this.cells.room, painter: this.painter, connection: () => this.shell.live.connection,
      frame: () => this.paintedFrame,
      ready: async () => {
        if (this.front instanceof ChartSection) await this.front.grid.ready();
        if (this.front === this.cells) await this.cells.room.ready();
      },
    };
  }

  private get charts(): ChartSection[] {
    return this.sections.filter((one): one is ChartSection => one instanceof ChartSection);
  }

  private eachChart(act: (section: ChartSection) => void): void {
    this.charts.forEach(act);
  }

  private layout(): HTMLElement {
    for (const section of this.sections) this.tabs.add(section.name, words[section.name], section.element);
    return this.shell.around("run-page",
      h("div", { class: "split" },
        h("main", { id: "main" },
          h("div", { class: "run-head" }, this.head.element, this.tools, this.detailsButton, this.tabs.element),
          this.tabs.panels),
        h("div", { class: "backdrop", onclick: () => this.chooseDetails(false) }),
        this.details.element));
  }

  private turn(name: string): void {
    this.front = this.sections.find((one) => one.name === name)!;
    fill(this.tools, ...this.front.tools);
    for (const section of this.sections) section.turn(section === this.front);
  }

  /** "/" leads to the search of the section in front. */
  private key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !this.front.search) return;
    event.preventDefault();
    this.front.search.focus();
    this.front.search.select();
  }

  private show(known: Known): void {
    this.known = known;
    const { run } = known;
    document.title = strings.title(run.name);
    this.shell.bar.setTrail([
      { label: run.project, href: homePage(`?project=${encodeURIComponent(run.project)}`) },
      { label: run.name },
    ]);
    this.head.show(run);
    this.details.update(run);
    this.showTrouble();
    for (const section of this.sections) section.update(known);
    this.count();
    void this.refreshMarkers();
  }

  private count(): void {
    // A section may count before all of them are there.
    for (const section of this.sections ?? []) this.tabs.setCount(section.name, section.count);
  }

  private heard(told: { id: string } & (Known["run"] | { deleted: true })): void {
    this.pushes++;
    if ("deleted" in told) void this.refreshFigures();
    else this.show({ ...this.known, run: { ...this.known.run, ...told } });
  }

  private showTrouble(): void {
    const { id, name, state, reason, deleted_at } = this.known.run;
    const { banner } = this.shell;
    if (state === "lost") banner.show({ kind: "lost", title: strings.lostTitle, text: strings.lostText });
    else banner.hide("lost");
    if (state === "failed") banner.show({ kind: "failed", title: strings.failedTitle, text: reason ?? "" });
    else banner.hide("failed");
    if (!deleted_at) banner.hide("trash");
    else {
      banner.show({
        kind: "trash", title: words.inTrash, text: words.inTrashText,
        action: { label: words.restore, run: () => void this.changes.restore([id], name) },
      });
    }
  }

  /** What the reader chose is kept, a sheet on a phone is not. */
  private chooseDetails(shown: boolean): void {
    this.showDetails(shown);
    if (this.wide.matches) this.prefs.set("details", shown);
    else if (shown) this.details.focus();
    else this.detailsButton.focus();
  }

  private showDetails(shown: boolean): void {
    this.element.classList.toggle("with-details", shown);
    this.detailsButton.setAttribute("aria-expanded", String(shown));
  }

  private take(frame: Frame): void {
    this.eachChart((section) => section.take(frame));
    this.painter.whenIdle(() => {
      this.paintedFrame = frame.number;
      this.shell.live.credit(frame.number);
    });
    this.askSoon();
  }

  private news(news: News): void {
    for (const section of this.sections) section.news(news);
    this.askSoon();
  }

  /** A page that nobody sees asks when it is seen again. */
  private askSoon(): void {
    if (document.hidden) return;
    this.figuresDue ??= setTimeout(() => void this.refreshFigures(), Math.max(FIGURES_EVERY_MS, this.askingTook / ASKING_SHARE));
  }

  /** What comes while an answer is on its way may be newer than it: that is asked for once more. */
  private async refreshFigures(): Promise<void> {
    clearTimeout(this.figuresDue);
    this.figuresDue = undefined;
    if (this.asking) return this.askSoon();
    this.asking = true;
    const began = performance.now();
    try {
      const { id } = this.known.run;
      const { pushes } = this;
      const [run, channels] = await Promise.all([getRun(id), getChannels(id)]);
      this.askingTook = performance.now() - began;
      this.showNewer(run, pushes, { channels });
    } catch (error) {
      this.refused(error);
    } finally {
      this.asking = false;
    }
  }

  /** Whether the run is another one than when the page was loaded: all its channels are a large answer. */
  private async hasChanged(): Promise<boolean> {
    const { run } = this.known;
    const now = await getRun(run.id).catch(() => null);
    return now?.updated_at !== run.updated_at || now.points !== run.points || now.channels !== run.channels;
  }

  private async relayout(): Promise<void> {
    try {
      const { id } = this.known.run;
      const { pushes } = this;
      const [run, channels, charts] = await Promise.all([getRun(id), getChannels(id), getCharts(id)]);
      this.showNewer(run, pushes, { channels, charts });
    } catch (error) {
      this.refused(error);
    }
  }

  /** What was pushed while `run` was on its way may be newer than it is. */
  private showNewer(run: Known["run"], pushes: number, rest: Partial<Known>): void {
    this.show({ ...this.known, ...rest, run: this.pushes === pushes ? run : { ...run, ...this.known.run } });
  }

  /** Markers are channels: asked for again when one of these has more. */
  private async refreshMarkers(): Promise<void> {
    const count = this.known.channels.reduce((sum, one) => sum + (one.type === "MARKER" ? one.count : 0), 0);
    if (count === Math.max(this.markersOf, 0)) return;
    this.markersOf = count;
    try {
      this.markers = await getMarkers(this.known.run.id);
      this.details.showMarkers(this.markers);
      this.eachChart((section) => section.grid.each((card) => card.ask()));
    } catch (error) {
      this.markersOf = -1;
      this.refused(error);
    }
  }

  /** The connection tells when the server is away; what comes next asks again. */
  private refused(error: unknown): void {
    if (!isServerTrouble(error)) throw error;
    if (!(error instanceof ApiError) || (error.status !== 410 && error.status !== 404)) return;
    this.element.replaceWith(failurePage(strings.gone, strings.goneText, { label: strings.backToRuns, href: homePage() }));
  }

  private prefChanged(changed: string): void {
    if (changed === "smoothing") this.eachChart((section) => section.grid.each((card) => card.ask()));
    if (changed === "axis") this.eachChart((section) => section.grid.setAxis());
  }

  /** What changed before the server knew that this page looks is asked for afterwards. */
  private async connected(first: boolean): Promise<void> {
    if (first) this.eachChart((section) => section.grid.resume());
    await Promise.all([this.shell.live.watch(this.known.run.id, {}), this.shell.live.watchCells()]);
    if (first) this.cells.reload();
    if (!first || (await this.hasChanged())) await this.relayout();
    if (!first) for (const section of this.sections) section.reload();
  }
}
