/** Touch: one finger reads values; two zoom and move what is shown. */

import type { Plane } from "./gestures.ts";

const TAP_PX = 5;
const CLOSEST_PX = 10;
const DOUBLE_TAP_MS = 300;

/** What lies under each of two fingers stays there. */
export class Fingers {
  private readonly touching = new Map<number, [number, number]>();
  private held: [number, number] | null = null;
  private tappedAt = 0;
  private moved = false;

  constructor(private readonly plane: Plane) {}

  down(id: number, at: [number, number]): void {
    this.touching.set(id, at);
    this.moved = false;
    if (this.touching.size === 1) this.plane.point(at[0]);
    else this.hold();
  }

  move(id: number, at: [number, number]): void {
    const before = this.touching.get(id);
    if (!before) return;
    this.moved ||= Math.hypot(at[0] - before[0], at[1] - before[1]) > TAP_PX;
    this.touching.set(id, at);
    if (this.touching.size === 1) this.plane.point(at[0]);
    else if (this.held) this.pinch(this.held);
  }

  up(id: number): void {
    if (!this.touching.delete(id)) return;
    this.held = null;
    if (this.touching.size > 0 || this.moved) return;
    const now = performance.now();
    if (now - this.tappedAt < DOUBLE_TAP_MS) this.plane.reset();
    this.tappedAt = now;
  }

  private hold(): void {
    const [a, b] = this.pixels();
    this.held = [this.plane.xAt(a), this.plane.xAt(b)];
    this.plane.point(null);
  }

  private pinch([left, right]: [number, number]): void {
    const frame = this.plane.frame();
    const [a, b] = this.pixels();
    if (!frame || b - a < CLOSEST_PX) return;
    const perPixel = (right - left) / (b - a);
    const start = left - (a - frame.left) * perPixel;
    this.plane.zoom({ start, end: start + frame.width * perPixel }, null);
  }

  private pixels(): [number, number] {
    const [a, b] = [...this.touching.values()].map(([x]) => x).sort((p, q) => p - q);
    return [a ?? 0, b ?? 0];
  }
}
