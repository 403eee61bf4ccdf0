/** A cell follows the pointer, the others make room. Nothing is kept until it is let go. */

import type { Board } from "./board.ts";
import type { CellCard } from "./card.ts";
import { moved } from "./arrangement.ts";
import { gliding } from "./motion.ts";
import { words } from "./words.ts";

/** A press that moves less is a click. */
const CLICK_PX = 5;
/** After the cells made room, the pointer has to go so far before they do it again: they can't tremble. */
const SETTLE_PX = 10;
/** So near the edge of the window the page scrolls. */
const EDGE_PX = 80;
const SCROLL_PX = 14;

interface Held {
  card: CellCard;
  pointer: number;
  /** Where it was pressed: in the window, and in the card. */
  start: [number, number];
  grab: [number, number];
  /** Where the pointer is. */
  at: [number, number];
  /** Order of the cards as it would be if it were let go now. */
  before: readonly CellCard[];
  order: readonly CellCard[];
  isLifted: boolean;
  /** The card that made room last, and where the pointer was then. */
  over: CellCard | null;
  turned: [number, number];
}

export interface DragEvents {
  mayMove(): boolean;
  /** `settle` lays the card down; it is called where the cards are put in order. */
  dropped(ids: readonly string[], settle: () => void): void;
  told(text: string): void;
}

export class Dragging {
  private held: Held | null = null;
  private frame = 0;

  constructor(private readonly board: Board, private readonly events: DragEvents) {
    const { element } = board;
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.up(event));
    element.addEventListener("pointercancel", () => this.cancel());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  /** Back to where it was. */
  cancel(): void {
    const { held } = this;
    if (!held) return;
    this.held = null;
    if (!held.isLifted) return;
    gliding(held.before.map(({ card }) => card), () => this.settle(held));
    this.events.told(words.putBack(held.card.name));
  }

  private down(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    if (event.button !== 0 || this.held || !this.events.mayMove() || !isHandle(target, event.pointerType)) return;
    const card = this.board.card(target.closest<HTMLElement>(".cell-slot")!.dataset["cell"]!);
    if (!card || card.isLarge) return;
    const box = card.card.getBoundingClientRect();
    const start: [number, number] = [event.clientX, event.clientY];
    const before = this.board.shown;
    this.held = {
      card, pointer: event.pointerId, start, at: start, turned: start, grab: [start[0] - box.left, start[1] - box.top],
      before, order: before, isLifted: false, over: null,
    };
    target.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    held.at = [event.clientX, event.clientY];
    if (!held.isLifted) {
      if (distance(held.start, held.at) < CLICK_PX) return;
      this.lift(held);
    }
    this.follow(held);
  }

  private up(event: PointerEvent): void {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    this.held = null;
    if (!held.isLifted) return;
    if (held.order.every((card, i) => card === held.before[i])) {
      gliding([held.card.card], () => this.settle(held));
      return;
    }
    this.events.dropped(held.order.map((card) => card.cell.id), () => this.settle(held));
  }

  private lift(held: Held): void {
    held.isLifted = true;
    held.card.slot.classList.add("lifted");
    document.body.classList.add("arranging");
    this.events.told(words.lifted(held.card.name));
    this.frame = requestAnimationFrame(() => this.scroll());
  }

  private settle(held: Held): void {
    cancelAnimationFrame(this.frame);
    held.card.slot.classList.remove("lifted");
    held.card.card.style.transform = "";
    document.body.classList.remove("arranging");
    for (const card of held.before) card.slot.style.order = "";
  }

  private follow(held: Held): void {
    this.makeRoom(held);
    const slot = held.card.slot.getBoundingClientRect();
    const [x, y] = [held.at[0] - held.grab[0] - slot.left, held.at[1] - held.grab[1] - slot.top];
    held.card.card.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** The card below the pointer and the held one change places, and those between them move up. */
  private makeRoom(held: Held): void {
    const over = held.order.find((card) => card.slot !== held.card.slot && holds(card.slot, held.at)) ?? null;
    if (over === held.over) return;
    if (!over) {
      held.over = null;
      return;
    }
    if (distance(held.turned, held.at) < SETTLE_PX) return;
    const [from, to] = [held.order.indexOf(held.card), held.order.indexOf(over)];
    const ids = moved(held.order.map((card) => card.cell.id), from, to);
    Object.assign(held, { over, turned: held.at, order: ids.map((id) => this.board.card(id)!) });
    const others = held.order.filter((card) => card !== held.card).map((card) => card.card);
    gliding(others, () => held.order.forEach((card, i) => (card.slot.style.order = String(i))));
  }

  private scroll(): void {
    const { held } = this;
    if (!held) return;
    const y = held.at[1];
    const step = y < EDGE_PX ? -SCROLL_PX : y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (step !== 0) {
      scrollBy(0, step);
      this.follow(held);
    }
    this.frame = requestAnimationFrame(() => this.scroll());
  }
}

/** A mouse may take a card by its head, a finger scrolls there. */
function isHandle(target: HTMLElement, pointer: string): boolean {
  if (target.closest(".cell-grip")) return true;
  return pointer === "mouse" && target.closest(".card-head") !== null && target.closest("button, a, .menu") === null;
}

function holds(element: HTMLElement, [x, y]: readonly [number, number]): boolean {
  const box = element.getBoundingClientRect();
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}

const distance = (a: readonly [number, number], b: readonly [number, number]): number => Math.hypot(a[0] - b[0], a[1] - b[1]);
