/** The head of a run's page: its name, what it does, how far it is, and what can be done with it. */

import type { Changes, Rights } from "./changes.ts";
import { fill, h, setText } from "./dom.ts";
import { formatBytes, formatDuration, formatMoment, formatShort } from "./format.ts";
import { menuButton, type MenuItem } from "./menu.ts";
import type { Run } from "./model.ts";
import { Progress } from "./progress.ts";
import { stateChip } from "./state.ts";
import { strings } from "./strings.ts";
import { words } from "./words.ts";

export class RunHead {
  readonly element: HTMLElement;
  private readonly name = h("h1", {});
  private readonly chip = h("span", { class: "head-state" });
  private readonly stage = h("span", { class: "stage", title: words.stage, hidden: true });
  private readonly elapsed = h("span", { class: "elapsed" });
  private readonly facts = h("p", { class: "head-facts" });
  private readonly progress = new Progress();
  private readonly menu = menuButton(words.more, () => this.items());
  private heardAt = performance.now();
  private shownState = "";
  private rights: Rights = { change: false, remove: false };

  constructor(private run: Run, private readonly changes: Changes) {
    this.menu.hidden = true;
    this.element = h("div", { class: "run-title" },
      h("div", { class: "title-line" }, this.name, this.menu, this.chip, this.stage, this.elapsed), this.facts, this.progress.element);
  }

  /** Offers what only some readers may do. */
  allow(rights: Rights): void {
    this.rights = rights;
    this.menu.hidden = !rights.change;
  }

  show(run: Run): void {
    this.run = run;
    this.heardAt = performance.now();
    setText(this.name, run.name);
    this.name.title = run.name;
    if (run.state !== this.shownState) fill(this.chip, stateChip(run.state));
    this.shownState = run.state;
    this.stage.hidden = !run.stage;
    setText(this.stage, run.stage ?? "");
    setText(this.facts, [
      run.experiment, strings.startedAt(formatMoment(run.created_at)), run.host,
      words.pointCount(formatShort(run.points)), formatBytes(run.bytes),
    ].filter(Boolean).join("  ·  "));
    this.tick();
  }

  /** Time goes on between two messages of the server. */
  tick(): void {
    const since = this.run.state === "running" ? (performance.now() - this.heardAt) / 1000 : 0;
    setText(this.elapsed, formatDuration(this.run.elapsed_s + since));
    this.progress.show(this.run, since);
  }

  private items(): MenuItem[] {
    const { id, name, state } = this.run;
    const open = state === "running" || state === "lost";
    const ended = (label: string, to: "finished" | "stopped"): MenuItem =>
      ({ label, run: () => void this.changes.patch(id, { state: to }) });
    return [
      { label: words.rename, run: () => this.rename() },
      ...(open ? [ended(words.markFinished, "finished"), ended(words.markStopped, "stopped")] : []),
      ...(this.rights.remove ? [{ label: words.toTrash, run: () => void this.changes.toTrash([id], name) }] : []),
    ];
  }

  /** Enter and leaving the field keep the new name, Escape does not. */
  private rename(): void {
    const input = h("input", { class: "name-field", "aria-label": words.newName, maxlength: 256, spellcheck: "false" });
    input.value = this.run.name;
    let open = true;
    const close = (keep: boolean): void => {
      if (!open) return;
      open = false;
      input.replaceWith(this.name);
      this.menu.querySelector("button")?.focus();
      const name = input.value.trim();
      if (keep && name && name !== this.run.name) void this.changes.patch(this.run.id, { name });
    };
    input.addEventListener("blur", () => close(true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") close(event.key === "Enter");
    });
    this.name.replaceWith(input);
    input.select();
  }
}
