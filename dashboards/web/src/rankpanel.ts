/** The ranks of a channel beside its name: how they are drawn, each one on demand, who is behind. */

import type { Standing } from "./bandapi.ts";
import { fill, h, setText } from "./dom.ts";
import { formatStep, formatValue } from "./format.ts";
import { numberOf } from "./model.ts";
import { MOST_CHOSEN, type RankChoice, type RankMode } from "./ranks.ts";
import { strings } from "./strings.ts";
import { strokeColor } from "./theme.ts";
import { segmented } from "./toolbar.ts";

/** The value of a rank where the reader points, or its newest. */
export type ValueOf = (rank: number) => number | null;

interface Row {
  element: HTMLElement;
  box: HTMLInputElement;
  value: HTMLElement;
  behind: HTMLElement;
}

export class RankPanel {
  readonly element: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly count = h("span", {});
  private readonly badge = h("span", { class: "behind", hidden: true });
  private readonly list = h("ul", { class: "rank-list" });
  private readonly sheet: HTMLElement;
  private readonly chosen = h("span", { class: "chosen-ranks" });
  private readonly rows = new Map<number, Row>();

  /** `changed`: the reader chose other ranks; `opened`: he wants to see those there are. */
  constructor(
    name: string, private readonly choice: RankChoice,
    private readonly changed: () => void, private readonly opened: () => void,
  ) {
    this.button = h("button", {
      type: "button", class: "chip-button", "aria-expanded": "false", title: strings.howRanks(name),
      onclick: () => this.turn(this.sheet.hidden !== false),
    }, this.count);
    this.sheet = h("div", { class: "rank-sheet", role: "group", "aria-label": strings.howRanks(name), hidden: true },
      segmented<RankMode>(strings.howRanks(name), choice.mode,
        [["band", strings.meanAndRange], ["all", strings.everyRank]], (mode) => this.setMode(mode)),
      this.list);
    this.element = h("span", { class: "ranks" }, this.button, this.badge, this.chosen, this.sheet);
    this.element.addEventListener("keydown", (event) => this.key(event));
    // A click on a name takes the focus from its box first, and gives it to nobody.
    this.element.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.holds(event.relatedTarget)) this.turn(false);
    });
  }

  /** What the server says of the ranks, and their values. */
  update(standings: readonly Standing[], valueOf: ValueOf): void {
    setText(this.count, strings.ranks(standings.length));
    this.showBehind(standings.filter((one) => one.behind !== null));
    if (standings.length !== this.rows.size) this.remake(standings);
    for (const one of standings) this.show(one, valueOf);
    fill(this.chosen, ...this.choice.chosen.map((rank) => this.chip(rank, valueOf(rank))));
  }

  private showBehind(behind: readonly Standing[]): void {
    const [one] = behind;
    this.badge.hidden = !one;
    if (!one) return;
    setText(this.badge, behind.length === 1 ? strings.behind(one.rank, steps(one)) : strings.manyBehind(behind.length));
    this.badge.title = behind.map((each) => strings.behind(each.rank, steps(each))).join("\n");
  }

  private remake(standings: readonly Standing[]): void {
    this.rows.clear();
    for (const { rank } of standings) this.rows.set(rank, this.row(rank));
    fill(this.list, ...[...this.rows.values()].map(({ element }) => element));
  }

  private row(rank: number): Row {
    const box = h("input", { type: "checkbox" });
    box.addEventListener("change", () => this.choose(rank, box));
    const value = h("span", { class: "value" });
    const behind = h("span", { class: "behind", hidden: true });
    const label = h("label", {}, box, h("span", { class: "rank-name" }, strings.rankNumber(rank)), behind, value);
    return { element: h("li", {}, label), box, value, behind };
  }

  private show(standing: Standing, valueOf: ValueOf): void {
    const row = this.rows.get(standing.rank);
    if (!row || this.sheet.hidden) return;
    const color = this.choice.colorOf(standing.rank);
    row.box.checked = color !== null;
    row.element.style.setProperty("--stroke", color ? strokeColor(color) : "var(--mute)");
    setText(row.value, formatValue(valueOf(standing.rank) ?? numberOf(standing.y)));
    row.behind.hidden = standing.behind === null;
    if (standing.behind !== null) setText(row.behind, strings.stepsBehind(steps(standing)));
  }

  private chip(rank: number, value: number | null): HTMLElement {
    const chip = h("span", { class: "chosen-rank" }, h("i", {}), strings.rankNumber(rank),
      h("span", { class: "value" }, formatValue(value)));
    chip.style.setProperty("--stroke", strokeColor(this.choice.colorOf(rank) ?? ""));
    return chip;
  }

  private choose(rank: number, box: HTMLInputElement): void {
    if (!this.choice.choose(rank, box.checked)) {
      box.checked = false;
      box.title = strings.tooManyRanks(MOST_CHOSEN);
      return;
    }
    this.changed();
  }

  private setMode(mode: RankMode): void {
    this.choice.mode = mode;
    this.changed();
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.sheet.hidden) return;
    event.stopPropagation();
    this.turn(false);
    this.button.focus();
  }

  private turn(open: boolean): void {
    this.sheet.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) document.addEventListener("pointerdown", this.elsewhere);
    else document.removeEventListener("pointerdown", this.elsewhere);
    if (open) this.opened();
  }

  private readonly elsewhere = (event: Event): void => {
    if (!this.holds(event.target)) this.turn(false);
  };

  private holds(target: EventTarget | null): boolean {
    return target instanceof Node && this.element.contains(target);
  }
}

function steps({ behind }: Standing): string {
  return strings.steps(formatStep(behind!));
}
