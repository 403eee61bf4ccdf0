/** What stands in a chart that has no entries: none came, or all were refused. */

import type { ContentParts } from "../content.ts";
import { h, setText } from "../dom.ts";
import { formatCount } from "../format.ts";
import type { Dropped } from "../model.ts";
import { words } from "./words.ts";

export class Nothing {
  readonly element = h("p", { class: "entry-empty faint", hidden: true });

  constructor(private readonly parts: ContentParts) {}

  show(shown: boolean): void {
    const names = new Set(this.parts.channels.map((channel) => channel.name));
    setText(this.element, refusals(this.parts.context.dropped(), names).join("\n") || words.noneYet);
    this.element.hidden = !shown;
  }
}

/** A line for each reason for which something of the channels `names` was refused. */
export function refusals(dropped: readonly Dropped[], names: ReadonlySet<string>): string[] {
  return dropped.filter(({ channel }) => channel !== null && names.has(channel))
    .map(({ count, reason }) => words.refused(formatCount(count), reason));
}
