/** A run: its head, its charts, its details, kept up to date. */

import { getChannels, getCharts, getRun, isServerTrouble } from "./api.ts";
import { homePage } from "./base.ts";
import { Banner } from "./banner.ts";
import { failurePage } from "./failure.ts";
import { Details } from "./details.ts";
import { fill, h, setText } from "./dom.ts";
import { formatDuration, formatMoment } from "./format.ts";
import type { Frame } from "./frames.ts";
import { Grid } from "./grid.ts";
import type { Watched } from "./handle.ts";
import type { Channel, Chart, Run } from "./model.ts";
import { Painter } from "./painter.ts";
import { Preferences } from "./prefs.ts";
import { Live, type Connection } from "./socket.ts";
import { stateChip } from "./state.ts";
import { strings } from "./strings.ts";
import { Subscriptions } from "./subscriptions.ts";
import { onMode } from "./theme.ts";
import { Toolbar } from "./toolbar.ts";
import { TopBar } from "./topbar.ts";

/** Figures beside the charts (last values, counts) are asked for again at most this often. */
const FIGURES_EVERY_MS = 2000;

/** So wide that details stand beside the charts; below it they cover them (details.css). */
const WIDE = "(min-width: 1200px)";

export class RunPage {
  readonly element: HTMLElement;
  private readonly wide = matchMedia(WIDE);
  private readonly bar = new TopBar();
  private readonly banner = new Banner();
  private readonly prefs = new Preferences();
  private readonly painter = new Painter();
  private readonly live: Live;
  private readonly grid: Grid;
  private readonly details = new Details(() => this.chooseDetails(false));
  private readonly toolbar: Toolbar;
  private readonly chip = h("span", { class: "head-state" });
  private readonly elapsed = h("span", { class: "elapsed" });
  private readonly name = h("h1", {});
  private readonly facts = h("p", { class: "head-facts" });
  private readonly empty = h("div", { class: "message slim", hidden: true },
    h("h2", {}, strings.noChartsYet), h("p", {}, strings.noChartsYetText));
  private heardAt = performance.now();
  private paintedFrame = 0;
  private figuresDue: ReturnType<typeof setTimeout> | undefined;
  private wasLive = false;
  /** Times that the run's document was pushed. */
  private pushes = 0;

  constructor(private run: Run, private channels: Channel[], private charts: Chart[]) {
    this.live = new Live({
      connection: (state) => this.connectionTurned(state),
      frame: (frame) => this.take(frame),
      run: (told) => told.id === this.run.id && this.heard(told),
      news: (told) => told.run === this.run.id && this.grid.news(told.channels),
      layout: (id) => id === this.run.id && void this.relayout(),
    });
    this.grid = new Grid({
      run: run.id, origin: Date.parse(run.created_at) * 1000, subscriptions: new Subscriptions(run.id, this.live), painter: this.painter,
      prefs: () => this.prefs.now,
    }, { isFolded: () => false, fold: () => undefined });
    this.toolbar = new Toolbar(this.prefs, {
      find: (text) => this.grid.find(text),
      details: () => this.chooseDetails(!this.element.classList.contains("with-details")),
    });
    this.element = this.layout();
    this.prefs.onChange((_, changed) => this.prefChanged(changed));
    onMode(() => this.grid.each((card) => card.paintTheme()));
  }

  start(): void {
    this.showRun(this.run);
    this.showCharts();
    const fitDetails = (): void => this.showDetails(this.prefs.now.details && this.wide.matches);
    this.wide.addEventListener("change", fitDetails);
    fitDetails();
    this.live.open();
    setInterval(() => this.tick(), 1000);
  }

  /** What `window.agnez` tells of this page. */
  get watched(): Watched {
    return {
      grid: this.grid, painter: this.painter, connection: () => this.live.connection,
      frame: () => this.paintedFrame, ready: () => this.grid.ready(),
    };
  }

  private layout(): HTMLElement {
    return h("div", { class: "shell run-page" }, this.bar.element, this.banner.element,
      h("div", { class: "split" },
        h("main", { id: "main" },
          h("div", { class: "run-head" },
            h("div", { class: "run-title" }, h("div", { class: "title-line" }, this.name, this.chip, this.elapsed), this.facts),
            this.toolbar.element),
          this.empty, this.grid.element),
        h("div", { class: "backdrop", onclick: () => this.chooseDetails(false) }),
        this.details.element));
  }

  private showRun(run: Run): void {
    this.run = run;
    this.heardAt = performance.now();
    document.title = strings.title(run.name);
    this.bar.setTrail([
      { label: run.project, href: homePage(`?project=${encodeURIComponent(run.project)}`) },
      { label: run.name },
    ]);
    setText(this.name, run.name);
    fill(this.chip, stateChip(run.state));
    setText(this.facts, [run.experiment, strings.startedAt(formatMoment(run.created_at)), run.host]
      .filter(Boolean).join("  ·  "));
    this.details.update(run);
    this.tick();
    this.showTrouble(run);
  }

  private heard(told: Run | { id: string; deleted: true }): void {
    this.pushes++;
    if (!("deleted" in told)) return this.showRun(told);
    this.element.replaceWith(failurePage(strings.gone, strings.goneText, { label: strings.backToRuns, href: homePage() }));
  }

  private showTrouble(run: Run): void {
    if (run.state === "lost") this.banner.show({ kind: "lost", title: strings.lostTitle, text: strings.lostText });
    else this.banner.hide("lost");
    if (run.state === "failed") this.banner.show({ kind: "failed", title: strings.failedTitle, text: run.reason ?? "" });
    else this.banner.hide("failed");
  }

  private showCharts(): void {
    this.grid.update(this.charts, this.channels);
    this.toolbar.setCount(this.charts.length);
    this.empty.hidden = this.charts.length > 0;
  }

  /** What the reader chose is kept, a sheet on a phone is not. */
  private chooseDetails(shown: boolean): void {
    this.showDetails(shown);
    if (this.wide.matches) this.prefs.set("details", shown);
    else if (shown) this.details.focus();
    else this.toolbar.detailsButton.focus();
  }

  private showDetails(shown: boolean): void {
    this.element.classList.toggle("with-details", shown);
    this.toolbar.detailsButton.setAttribute("aria-expanded", String(shown));
  }

  private tick(): void {
    const since = this.run.state === "running" ? (performance.now() - this.heardAt) / 1000 : 0;
    setText(this.elapsed, formatDuration(this.run.elapsed_s + since));
  }

  private take(frame: Frame): void {
    this.grid.take(frame);
    this.painter.whenIdle(() => {
      this.paintedFrame = frame.number;
      this.live.credit(frame.number);
    });
    this.figuresDue ??= setTimeout(() => void this.refreshFigures(), FIGURES_EVERY_MS);
  }

  private async refreshFigures(): Promise<void> {
    const pushes = this.pushes;
    try {
      const [run, channels] = await Promise.all([getRun(this.run.id), getChannels(this.run.id)]);
      this.channels = channels;
      if (this.pushes === pushes) this.showRun(run); // else what was pushed meanwhile may be newer
      this.showCharts();
    } catch (error) {
      // The connection tells when the server is away; the next frame brings this up again.
      if (!isServerTrouble(error)) throw error;
    } finally {
      this.figuresDue = undefined;
    }
  }

  private async relayout(): Promise<void> {
    try {
      [this.channels, this.charts] = await Promise.all([getChannels(this.run.id), getCharts(this.run.id)]);
      this.showCharts();
    } catch (error) {
      if (!isServerTrouble(error)) throw error; // once the server is back, the page asks again
    }
  }

  private prefChanged(changed: string): void {
    if (changed === "smoothing") this.grid.each((card) => card.ask());
    if (changed === "axis") this.grid.setAxis();
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
    const first = !this.wasLive;
    this.wasLive = true;
    this.banner.hide("offline");
    if (first) this.grid.resume();
    await this.live.watch(this.run.id, {});
    await Promise.all([this.relayout(), this.refreshFigures()]);
    if (!first) this.grid.reload();
  }
}
