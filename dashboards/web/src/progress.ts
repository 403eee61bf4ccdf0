/** How far a run is and how long the rest takes, where it said how many steps there will be. */

import { h, setText } from "./dom.ts";
import { formatDuration, formatStep } from "./format.ts";
import { numberOf, type Run } from "./model.ts";
import { words } from "./words.ts";

/** Steps that are done, all of them at the last one: some count from 0, some from 1. */
function doneOf(run: Run): number | null {
  const step = numberOf(run.step);
  return step !== null && run.total_steps && step === run.total_steps - 1 ? run.total_steps : step;
}

/** Between 0 and 1; null where it can't be known. */
export function partOf(run: Run): number | null {
  const done = doneOf(run);
  if (done === null || !run.total_steps || run.total_steps <= 0 || !Number.isFinite(done)) return null;
  return Math.min(1, Math.max(0, done / run.total_steps));
}

/** "1,199 of 5,000 steps · 24%": with "…left" while it runs; `since`: seconds since the run was told. */
export function progressText(run: Run, since: number): string {
  const part = partOf(run);
  if (part === null) return "";
  const left = run.state === "running" && run.eta_s !== null ? run.eta_s - since : 0;
  return [
    words.stepOf(formatStep(doneOf(run)!), formatStep(run.total_steps!)), `${Math.floor(part * 100)}%`,
    left <= 0 ? "" : words.left(formatDuration(Math.ceil(left))),
  ].filter(Boolean).join(" · ");
}

export class Progress {
  private readonly done = h("div", { class: "progress-done" });
  private readonly bar = h("div", {
    class: "progress-bar", role: "progressbar", "aria-label": words.progress, "aria-valuemin": 0, "aria-valuemax": 100,
  }, this.done);
  private readonly text = h("span", { class: "progress-text" });
  readonly element = h("div", { class: "progress", hidden: true }, this.bar, this.text);

  show(run: Run, since: number): void {
    const part = partOf(run);
    this.element.hidden = part === null;
    if (part === null) return;
    this.done.style.width = `${part * 100}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.floor(part * 100)));
    this.bar.dataset["state"] = run.state;
    setText(this.text, progressText(run, since));
  }
}
