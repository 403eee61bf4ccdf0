/** Over the list of the trash: how long runs lie there, and a way to be rid of all of them. */

import { getJson, getRuns, isServerTrouble } from "../api.ts";
import type { Changes } from "../changes.ts";
import { confirmed } from "../confirm.ts";
import { h, setText } from "../dom.ts";
import { formatCount } from "../format.ts";
import { icon } from "../icons.ts";
import { words } from "../words.ts";

/** Runs asked for at once. */
const PAGE = 1000;

export class TrashBar {
  private readonly text = h("span", { class: "faint" });
  private readonly button = h("button", { type: "button", class: "button small danger", hidden: true, onclick: () => void this.empty() },
    icon("trash", 13), words.emptyTrash);
  readonly element = h("div", { class: "trash-bar", hidden: true }, this.text, this.button);

  constructor(private readonly changes: Changes) {}

  /** `allowed`: the reader may delete for good; `count`: so many runs lie here. */
  show(inTrash: boolean, allowed: boolean, count: number): void {
    this.element.hidden = !inTrash;
    this.button.hidden = !allowed || count === 0;
  }

  /** For how many days runs lie in the trash; null where the server does not tell. */
  async askDays(): Promise<number | null> {
    try {
      const { trash_days = null } = await getJson<{ trash_days?: number }>("/stats");
      setText(this.text, words.trashHelp(trash_days === null ? null : words.days(trash_days)));
      return trash_days;
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      return null;
    }
  }

  private async empty(): Promise<void> {
    const found = await this.found();
    const what = words.runs(formatCount(found.length));
    if (found.length > 0 && (await confirmed(words.emptyTitle, words.emptyText(what), words.emptyTrash))) await this.changes.purge(found);
  }

  /** All that lies in the trash now, whatever the list is narrowed to; none while the server is away. */
  private async found(): Promise<string[]> {
    const ids: string[] = [];
    try {
      for (let total = 1; ids.length < total; ) {
        const page = await getRuns(new URLSearchParams({ deleted: "true", limit: String(PAGE), offset: String(ids.length) }));
        if (page.items.length === 0) break;
        ids.push(...page.items.map((run) => run.id));
        total = page.total;
      }
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      return [];
    }
    return ids;
  }
}
