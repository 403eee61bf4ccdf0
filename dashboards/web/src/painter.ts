/**
 * One loop paints all charts. A browser frame paints as many charts as the machine manages without
 * dropping below the pace aimed at; the others wait for the next frame, in turn, so that no chart
 * starves and no queue grows. A round that took long is followed by a pause, for the reader's hands.
 */

export interface Paintable {
  paint(): void;
}

const PACE_MS = 34;
/** A slow machine, or a large window, needs longer for a frame with a single chart: then more at once are cheaper. */
const PACE_FACTOR = 2.5;
const SLOWEST_MS = 200;
const MOST_A_FRAME = 12;
/** Of all time, about this part is spent painting. */
const SHARE = 0.7;

export class Painter {
  private readonly dirty = new Set<Paintable>();
  private idle: (() => void)[] = [];
  private scheduled = false;
  private quota = 2;
  /** About the least that a frame takes. */
  private leastMs = PACE_MS / PACE_FACTOR;
  private begun: number | null = null;
  private notBefore = 0;
  /** Browser frames in which something was painted. */
  rounds = 0;

  /** Paint `one` soon; asking again before it was painted changes nothing. */
  ask(one: Paintable): void {
    this.dirty.add(one);
    this.schedule();
  }

  forget(one: Paintable): void {
    this.dirty.delete(one);
  }

  /** Calls `done` once, when nothing waits to be painted. */
  whenIdle(done: () => void): void {
    this.idle.push(done);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.round());
  }

  private round(): void {
    this.scheduled = false;
    this.measure();
    if (this.dirty.size > 0 && performance.now() >= this.notBefore) this.paintSome();
    if (this.dirty.size === 0) this.tellIdle();
    if (this.dirty.size > 0 || this.begun !== null) this.schedule();
  }

  /** Figures draw in a frame of their own after they were filled: so time runs to the next one. */
  private measure(): void {
    if (this.begun === null) return;
    const now = performance.now();
    const took = now - this.begun;
    this.begun = null;
    this.leastMs = Math.min(took, 1.05 * this.leastMs);
    if (took > Math.max(PACE_MS, Math.min(PACE_FACTOR * this.leastMs, SLOWEST_MS))) {
      this.quota = Math.max(1, this.quota - 1);
      this.notBefore = now + took * (1 / SHARE - 1);
    } else this.quota = Math.min(MOST_A_FRAME, this.quota + 1);
  }

  private paintSome(): void {
    this.begun = performance.now();
    this.rounds++;
    let left = this.quota;
    for (const one of this.dirty) {
      this.dirty.delete(one);
      one.paint();
      if (--left === 0) break;
    }
  }

  private tellIdle(): void {
    const waiting = this.idle;
    this.idle = [];
    for (const done of waiting) done();
  }
}
