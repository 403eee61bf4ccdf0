/** Panes side by side: a viewer for each, with its name above it. */

import type { ContentParts } from "../content.ts";
import { isAbort, ApiError } from "../api.ts";
import { h, fill, setText } from "../dom.ts";
import { formatStep } from "../format.ts";
import type { MenuItem } from "../menu.ts";
import type { MakeStage } from "./content.ts";
import type { Body } from "./bodies.ts";
import type { Pane, Shown } from "./panes.ts";
import type { Stage } from "./stage.ts";
import type { Place } from "./timeline.ts";
import { words } from "./words.ts";

/** Shows one entry after the other. */
export interface Viewer {
  readonly element: HTMLElement;
  /** Resolves when it is to be seen; throws when the body is not what its type promises. */
  show(body: Body, place: Place, signal: AbortSignal): Promise<void> | void;
  paintTheme?(): void;
  exports?(): readonly MenuItem[];
  remove?(): void;
}

/** What all panes of a chart share: a switch that turns them all. */
export interface PaneKind {
  readonly tools: readonly HTMLElement[];
  viewer(pane: Pane): Viewer;
}

interface Slot {
  element: HTMLElement;
  label: HTMLElement;
  note: HTMLElement;
  viewer: Viewer;
}

export const inPanes = (make: (parts: ContentParts) => PaneKind): MakeStage =>
  (parts) => new PaneStage(make(parts));

class PaneStage implements Stage {
  readonly element = h("div", { class: "panes" });
  readonly legend = null;
  readonly tools: readonly HTMLElement[];
  readonly many = true;
  private readonly slots = new Map<string, Slot>();

  constructor(private readonly kind: PaneKind) {
    this.tools = kind.tools;
  }

  async mount(): Promise<void> {}

  async show(shown: readonly Shown[], signal: AbortSignal): Promise<void> {
    this.keep(shown);
    const steps = new Set(shown.map(({ place }) => place?.x));
    await Promise.all(shown.map((one) => this.showOne(one, steps.size > 1, signal)));
  }

  paintTheme(): void {
    for (const { viewer } of this.slots.values()) viewer.paintTheme?.();
  }

  exports(): readonly MenuItem[] {
    return [...this.slots.values()].flatMap(({ viewer }) => viewer.exports?.() ?? []);
  }

  columns(): null {
    return null;
  }

  remove(): void {
    for (const { viewer } of this.slots.values()) viewer.remove?.();
  }

  /** A slot for each pane, in their order; those that are there already stay. */
  private keep(shown: readonly Shown[]): void {
    const kept = new Set(shown.map(({ pane }) => pane.key));
    for (const [key, { viewer, element }] of this.slots) {
      if (kept.has(key)) continue;
      viewer.remove?.();
      element.remove();
      this.slots.delete(key);
    }
    for (const [i, { pane }] of shown.entries()) {
      const { element } = this.slots.get(pane.key) ?? this.add(pane);
      // An element that is moved loses its focus, and a frame its content.
      if (this.element.children[i] !== element) this.element.insertBefore(element, this.element.children[i] ?? null);
    }
    this.element.dataset["count"] = String(shown.length);
  }

  private add(pane: Pane): Slot {
    const label = h("span", { class: "pane-label" });
    const note = h("p", { class: "pane-note faint", hidden: true });
    const viewer = this.kind.viewer(pane);
    const element = h("div", { class: "pane" }, label, note, viewer.element);
    const slot = { element, label, note, viewer };
    this.slots.set(pane.key, slot);
    return slot;
  }

  private async showOne({ pane, place, body }: Shown, differ: boolean, signal: AbortSignal): Promise<void> {
    const slot = this.slots.get(pane.key)!;
    const step = differ && place ? words.stepOf(formatStep(place.x)) : "";
    setText(slot.label, [pane.label, step].filter(Boolean).join(" · "));
    if (!place || !body) return note(slot, words.noneAtStep);
    try {
      await slot.viewer.show(body, place, signal);
      if (!signal.aborted) note(slot, null);
    } catch (error) {
      if (isAbort(error)) throw error;
      note(slot, explain(error));
    }
  }
}

function note(slot: Slot, text: string | null): void {
  slot.note.hidden = text === null;
  slot.viewer.element.hidden = text !== null;
  fill(slot.note, text);
}

/** What was sent may be anything; the reader is told, and the page goes on. */
function explain(error: unknown): string {
  if (error instanceof ApiError && error.status === 404) return words.blobGone;
  return `${words.cantShow} ${error instanceof Error ? error.message : String(error)}`;
}
