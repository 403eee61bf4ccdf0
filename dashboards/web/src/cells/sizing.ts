/** The corner of a cell: wider by whole columns, higher by pixels; with the pointer or by keys. */

import type { Size } from "./arrangement.ts";
import type { Board } from "./board.ts";
import type { CellCard } from "./card.ts";

export const LEAST_PX = 80;
export const MOST_PX = 3000;
/** Heights are multiples of it, so that neighbours can be made equal. */
const GRAIN_PX = 10;
const KEY_PX = 40;
const CLICK_PX = 5;

interface Pull {
  card: CellCard;
  pointer: number;
  start: [number, number];
  /** At first, and by now. */
  size: Size;
  wanted: Size;
  height: number;
  columnPx: number;
}

export class Sizing {
  private pull: Pull | null = null;

  constructor(private readonly board: Board, private readonly resized: (card: CellCard, size: Size) => void) {
    const { element } = board;
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.up(event));
    element.addEventListener("pointercancel", () => this.cancel());
    element.addEventListener("dblclick", (event) => this.onCorner(event, (card) => resized(card, { columns: 1, height: null })));
    element.addEventListener("keydown", (event) => this.onCorner(event, (card) => this.key(event, card)));
  }

  private onCorner(event: Event, act: (card: CellCard) => void): void {
    const corner = (event.target as HTMLElement).closest(".cell-corner");
    const card = corner && this.board.card(corner.closest<HTMLElement>(".cell-slot")!.dataset["cell"]!);
    if (card) act(card);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || this.pull) return;
    this.onCorner(event, (card) => {
      card.corner.setPointerCapture(event.pointerId);
      document.body.classList.add("arranging");
      this.pull = {
        card, pointer: event.pointerId, start: [event.clientX, event.clientY], size: card.size, wanted: card.size,
        height: card.stage.element.clientHeight, columnPx: this.board.element.clientWidth / this.board.columns,
      };
    });
  }

  private move(event: PointerEvent): void {
    const { pull } = this;
    if (pull?.pointer !== event.pointerId) return;
    pull.wanted = this.sizeAt(pull, event);
    pull.card.arrange(this.board.shown.indexOf(pull.card), pull.wanted, this.board.columns);
  }

  private up(event: PointerEvent): void {
    const { pull } = this;
    if (pull?.pointer !== event.pointerId) return;
    this.end();
    const { size, wanted } = pull;
    if (size.columns !== wanted.columns || size.height !== wanted.height) this.resized(pull.card, wanted);
  }

  private cancel(): void {
    const { pull } = this;
    if (!pull) return;
    this.end();
    pull.card.arrange(this.board.shown.indexOf(pull.card), pull.size, this.board.columns);
  }

  private end(): void {
    this.pull = null;
    document.body.classList.remove("arranging");
  }

  private sizeAt(pull: Pull, event: PointerEvent): Size {
    const [dx, dy] = [event.clientX - pull.start[0], event.clientY - pull.start[1]];
    const width = Math.min(pull.size.columns, this.board.columns) + Math.round(dx / pull.columnPx);
    const columns = this.board.columns === 1 ? pull.size.columns : Math.max(1, Math.min(this.board.columns, width));
    const height = Math.abs(dy) < CLICK_PX ? pull.size.height : heightOf(pull.height + dy);
    return { columns, height };
  }

  private key(event: KeyboardEvent, card: CellCard): void {
    const { size } = card;
    const now = card.stage.element.clientHeight;
    const sizes: Record<string, Size> = {
      ArrowRight: { ...size, columns: Math.min(this.board.columns, size.columns + 1) },
      ArrowLeft: { ...size, columns: Math.max(1, size.columns - 1) },
      ArrowDown: { ...size, height: heightOf(now + KEY_PX) },
      ArrowUp: { ...size, height: heightOf(now - KEY_PX) },
      Home: { columns: 1, height: null },
    };
    const wanted = sizes[event.key];
    if (!wanted || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.resized(card, wanted);
  }
}

const heightOf = (px: number): number => Math.min(MOST_PX, Math.max(LEAST_PX, Math.round(px / GRAIN_PX) * GRAIN_PX));
