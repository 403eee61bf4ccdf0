/** Arrow keys on the grip of a cell move it. */

import { moved } from "./arrangement.ts";
import type { Board } from "./board.ts";
import { words } from "./words.ts";

export interface KeyEvents {
  mayMove(): boolean;
  moved(ids: readonly string[]): void;
  told(text: string): void;
}

export function moveByKeys(board: Board, events: KeyEvents): void {
  board.element.addEventListener("keydown", (event) => {
    const slot = (event.target as HTMLElement).closest(".cell-grip")?.closest<HTMLElement>(".cell-slot");
    if (!slot || !events.mayMove() || event.ctrlKey || event.metaKey || event.altKey) return;
    const ids = board.shown.map((card) => card.cell.id);
    const from = ids.indexOf(slot.dataset["cell"]!);
    const to = placeAfter(event.key, from, ids.length, board.columns);
    if (to === null) return;
    event.preventDefault();
    if (to !== from) events.moved(moved(ids, from, to));
    const card = board.card(ids[from]!)!;
    card.grip.focus({ preventScroll: true });
    card.slot.scrollIntoView({ block: "nearest" });
    events.told(words.movedTo(card.name, to + 1, ids.length));
  });
}

/** Null for a key that moves nothing. Up and down by a row, as long as there is one. */
function placeAfter(key: string, from: number, count: number, columns: number): number | null {
  const places: Record<string, number> = {
    ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - columns, ArrowDown: from + columns, Home: 0, End: count - 1,
  };
  const to = places[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}
