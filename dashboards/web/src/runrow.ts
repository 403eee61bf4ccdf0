/** One run in the list. */

import { runPage } from "./base.ts";
import { fill, h, setText } from "./dom.ts";
import { formatDuration, formatMoment, formatShort, formatValue } from "./format.ts";
import { numberOf, type Run } from "./model.ts";
import type { Preview, Previews } from "./previews.ts";
import { sparkline } from "./sparkline.ts";
import { stateChip } from "./state.ts";
import { strings } from "./strings.ts";

const VALUES = 2;

export class RunRow {
  readonly element: HTMLElement;
  private readonly state = h("div", { class: "row-state" });
  private readonly name = h("span", { class: "row-name" });
  private readonly line = h("span", { class: "row-line" });
  private readonly spark = h("div", { class: "row-spark" });
  private readonly values = h("dl", { class: "row-values" });
  private readonly points = h("div", { class: "row-points" });
  private readonly elapsed = h("div", { class: "row-elapsed" });
  private readonly started = h("div", { class: "row-started" });
  private heardAt = 0;

  constructor(private run: Run, private readonly previews: Previews) {
    this.element = h("article", { class: "row", role: "listitem" }, this.state,
      h("a", { class: "row-link", href: runPage(run.id) }, this.name, this.line),
      this.spark, this.values, this.points, this.elapsed, this.started);
    previews.watch(this.element, () => this.run, (preview) => this.preview(preview));
  }

  update(run: Run): void {
    const stateChanged = this.heardAt === 0 || run.state !== this.run.state;
    this.run = run;
    this.heardAt = performance.now();
    if (stateChanged) fill(this.state, stateChip(run.state));
    setText(this.name, run.name);
    fill(this.line, `${run.project} / ${run.experiment}`, ...run.tags.map((tag) => h("span", { class: "tag" }, tag)));
    setText(this.points, strings.shortPoints(formatShort(run.points)));
    setText(this.started, formatMoment(run.created_at));
    this.tick();
    this.previews.changed(this.element);
  }

  tick(): void {
    const since = this.run.state === "running" ? (performance.now() - this.heardAt) / 1000 : 0;
    setText(this.elapsed, formatDuration(this.run.elapsed_s + since));
  }

  remove(): void {
    this.previews.forget(this.element);
    this.element.remove();
  }

  private preview({ channels, line }: Preview): void {
    fill(this.spark, line && sparkline(line));
    fill(this.values, ...channels.slice(0, VALUES).map((channel) =>
      h("div", {}, h("dt", { title: channel.name }, channel.name), h("dd", {}, formatValue(numberOf(channel.last))))));
  }
}
