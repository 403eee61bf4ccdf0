/** A diff as coloured lines. */

import { h } from "../dom.ts";

export type LineKind = "file" | "hunk" | "added" | "removed" | "same";

export interface DiffLine {
  kind: LineKind;
  text: string;
}

/** Each line with what it does; heads of files are no additions although they begin like ones. */
export function diffLines(text: string): DiffLine[] {
  let head = true;
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return lines.map((line): DiffLine => {
    if (line.startsWith("diff ") || line.startsWith("Index: ")) head = true;
    if (line.startsWith("@@")) {
      head = false;
      return { kind: "hunk", text: line };
    }
    return { kind: head ? "file" : kindOf(line), text: line };
  });
}

function kindOf(line: string): LineKind {
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}

export function countOf(lines: readonly DiffLine[], kind: LineKind): number {
  return lines.reduce((sum, line) => sum + Number(line.kind === kind), 0);
}

export function diffElement(lines: readonly DiffLine[]): HTMLElement {
  return h("pre", { class: "diff mono", tabindex: 0 },
    ...lines.map(({ kind, text }) => h("span", { class: `diff-${kind}` }, `${text}\n`)));
}
