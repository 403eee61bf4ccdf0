/** A list of names and values which changes in place: a selection in it survives an update. */

import { fill, h, setText } from "./dom.ts";

export type Fact = readonly [name: string, value: string];

export class Facts {
  readonly element = h("dl", { class: "facts" });
  private names = "";
  private values: HTMLElement[] = [];

  show(facts: readonly Fact[]): void {
    const names = JSON.stringify(facts.map(([name]) => name));
    if (names !== this.names) this.build(facts);
    this.names = names;
    facts.forEach(([, value], i) => {
      setText(this.values[i]!, value);
      this.values[i]!.title = value;
    });
  }

  private build(facts: readonly Fact[]): void {
    this.values = facts.map(() => h("dd", {}));
    fill(this.element, ...facts.map(([name], i) => h("div", {}, h("dt", { title: name }, ...breakable(name)), this.values[i]!)));
  }
}

/** A name such as `optimizer.weight_decay`, which may go on in the next line with each of its parts. */
function breakable(name: string): (string | HTMLElement)[] {
  return name.split(/(?<=[./])|(?=__)|(?<=[^_]_)(?=[^_])/).flatMap((part, i) => (i ? [h("wbr", {}), part] : [part]));
}
