/** Artefacts by name, and what they are called on the reader's disk. */

import type { Artefact } from "../model.ts";

export interface Versions {
  name: string;
  /** Newest first. */
  all: readonly Artefact[];
}

/** Sorted by name as a reader expects: `epoch 2` before `epoch 10`. */
export function versionsOf(artefacts: readonly Artefact[]): Versions[] {
  const names = new Map<string, Artefact[]>();
  for (const one of artefacts) {
    const all = names.get(one.name);
    if (all) all.push(one);
    else names.set(one.name, [one]);
  }
  return [...names].map(([name, all]) => ({ name, all: all.sort((a, b) => b.version - a.version) }))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** The last part of its path, without what could lead elsewhere or hide what it is. */
export function fileName(artefact: Artefact): string {
  const named = lastPart(artefact.name);
  const wasNamed = lastPart(artefact.path ?? "");
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(wasNamed)?.[0] ?? "";
  const name = named || wasNamed || "artefact";
  return name.includes(".") || !ending ? name : name + ending;
}

function lastPart(path: string): string {
  const clean = path.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069"<>|:*?]/g, "_");
  return (clean.split(/[/\\]/).filter(Boolean).at(-1) ?? "").replace(/^\.+/, "").trim();
}
