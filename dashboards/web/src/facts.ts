/** A list of names and values which changes in place: a selection in it survives an update. */

import { fill, h, setText } from "./dom.ts";

export type Fact = readonly [name: string, value: string];

export class Facts {
  readonly element = h("dl", { class: "facts" });
  private names = "";
  private values: HTMLElement[] = [];

  /** `gathered`: those whose names begin alike, up to a point, stand below what they share. */
  constructor(private readonly gathered = false) {}

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
    const shares = facts.map(([name]) => (this.gathered ? shareOf(name) : ""));
    const lines = facts.map(([name], i) => {
      const share = shares[i]!;
      const follows = share !== "" && share === shares[i - 1];
      const belongs = follows || (share !== "" && share === shares[i + 1]);
      const line = h("div", { class: belongs ? "fact-below" : null },
        h("dt", { title: name }, ...breakable(belongs ? name.slice(share.length) : name)), this.values[i]!);
      return belongs && !follows ? [h("div", { class: "fact-head" }, h("dt", {}, headOf(share))), line] : [line];
    });
    fill(this.element, ...lines.flat());
  }
}

/** `optimizer.` of `optimizer.lr`, `pca__` of `pca__whiten`; "" where nothing stands before. */
function shareOf(name: string): string {
  return /^[^.]+?(?:\.|__)(?=.)/.exec(name)?.[0] ?? "";
}

function headOf(share: string): string {
  return share.replace(/(\.|__)$/, "");
}

/** A name such as `optimizer.weight_decay`, which may go on in the next line with each of its parts. */
function breakable(name: string): (string | HTMLElement)[] {
  return name.split(/(?<=[./])|(?=__)|(?<=[^_]_)(?=[^_])/).flatMap((part, i) => (i ? [h("wbr", {}), part] : [part]));
}
