/** The machine that a run ran on, in a line above its figures. */

import { machineFacts } from "./code/facts.ts";
import { Facts } from "./facts.ts";
import { h } from "./dom.ts";
import type { Run } from "./model.ts";
import { strings } from "./strings.ts";

export class HostFacts {
  private readonly facts = new Facts();
  readonly element = h("div", { class: "host-facts", hidden: true }, this.facts.element);

  show(run: Run): void {
    const facts = machineFacts(run.about ?? {}, run).map(({ name, value }): [string, string] => [name, value]);
    if (run.host) facts.unshift([strings.host, run.host]);
    this.element.hidden = facts.length === 0;
    this.facts.show(facts);
  }
}
