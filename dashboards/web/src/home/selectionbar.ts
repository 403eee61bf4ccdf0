/** What can be done with the runs that are selected; over the list, while there are any. */

import { runPage } from "../base.ts";
import type { Changes } from "../changes.ts";
import { confirmed } from "../confirm.ts";
import { fill, h } from "../dom.ts";
import { formatCount } from "../format.ts";
import { icon } from "../icons.ts";
import { words } from "../words.ts";
import type { Selection } from "./selection.ts";

/** So many runs fit beside each other, the first among them. */
const MOST_BESIDE = 9;

/** The media of the first run with those of the others beside them. */
function besideEachOther([first, ...others]: readonly string[]): string {
  return `${runPage(first!)}?${new URLSearchParams(others.map((id) => ["with", id]))}#media`;
}

export class SelectionBar {
  readonly element = h("div", { class: "selection-bar", role: "toolbar", "aria-label": words.selection, hidden: true });

  constructor(private readonly selection: Selection, private readonly changes: Changes) {}

  /** `inTrash`: the list is that of the trash; `allowed`: the reader may delete runs. */
  show(inTrash: boolean, allowed: boolean): void {
    const { ids } = this.selection;
    this.element.hidden = ids.length === 0;
    const what = words.runs(formatCount(ids.length));
    const act = (label: string, name: "trash" | "reset", run: () => Promise<boolean>, danger = false): HTMLElement =>
      h("button", { type: "button", class: danger ? "button small danger" : "button small", onclick: () => void this.done(run()) }, icon(name, 13), label);
    const acts = inTrash
      ? [act(words.restore, "reset", () => this.changes.restore(ids, what)), act(words.deleteForGood, "trash", () => this.purge(ids, what), true)]
      : [act(words.toTrash, "trash", () => this.changes.toTrash(ids, what))];
    const beside = !inTrash && ids.length > 1 && ids.length <= MOST_BESIDE
      ? [h("a", { class: "button small", href: besideEachOther(ids) }, words.besideEachOther)] : [];
    fill(this.element, h("span", { role: "status" }, words.selected(formatCount(ids.length))), ...beside, ...(allowed ? acts : []),
      h("button", { type: "button", class: "button small quiet", onclick: () => this.selection.clear() }, words.clearSelection));
  }

  private async purge(ids: readonly string[], what: string): Promise<boolean> {
    return (await confirmed(words.purgeTitle(what), words.purgeText, words.deleteForGood)) && this.changes.purge(ids);
  }

  private async done(act: Promise<boolean>): Promise<void> {
    if (await act) this.selection.clear();
  }
}
