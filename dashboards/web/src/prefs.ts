/** How the reader wants charts and lists, remembered in this browser. */

import type { Axis } from "./series.ts";

export interface Prefs {
  smoothing: number;
  axis: Axis;
  details: boolean;
  /** Groups of charts that are folded away, by section and name; with a + those that were unfolded. */
  folded: readonly string[];
  /** Columns of the list of runs, by their ids. */
  columns: readonly string[];
}

type Listener = (prefs: Readonly<Prefs>, changed: keyof Prefs) => void;

const KEY = "agnez.prefs";
const DEFAULTS: Prefs = { smoothing: 0, axis: "x", details: true, folded: [], columns: ["points", "elapsed", "created_at"] };

export class Preferences {
  private readonly listeners = new Set<Listener>();
  private values: Prefs;

  constructor(private readonly storage: Storage = localStorage) {
    this.values = { ...DEFAULTS, ...read(storage) };
  }

  get now(): Readonly<Prefs> {
    return this.values;
  }

  set<K extends keyof Prefs>(name: K, value: Prefs[K]): void {
    if (this.values[name] === value) return;
    this.values = { ...this.values, [name]: value };
    this.storage.setItem(KEY, JSON.stringify(this.values));
    for (const listener of this.listeners) listener(this.values, name);
  }

  onChange(listener: Listener): void {
    this.listeners.add(listener);
  }
}

function read(storage: Storage): Partial<Prefs> {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? kept : {};
  } catch {
    return {};
  }
}
