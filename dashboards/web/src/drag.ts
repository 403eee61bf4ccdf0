/** The mouse: a drag selects what to enlarge, with shift it moves what is shown. */

import { h } from "./dom.ts";
import type { Extent } from "./figure.ts";
import type { Plane } from "./gestures.ts";
import { shifted } from "./ranges.ts";

const CLICK_PX = 5;
/** A selection lower than this takes the whole height. */
const BAND_PX = 28;

export class MouseDrag {
  private from: [number, number] | null = null;
  private panned: Extent | null = null;
  private readonly band = h("div", { class: "band", hidden: true });

  constructor(private readonly overlay: HTMLElement, private readonly plane: Plane) {
    overlay.append(this.band);
  }

  down(event: PointerEvent, at: [number, number]): void {
    this.from = at;
    this.panned = event.shiftKey ? this.plane.x() : null;
    this.overlay.setPointerCapture(event.pointerId);
  }

  /** False when no drag is going on. */
  move(at: [number, number]): boolean {
    if (!this.from) return false;
    if (this.panned) this.pan(at);
    else this.select(at);
    return true;
  }

  up(at: [number, number]): void {
    const { from, panned } = this;
    this.cancel();
    if (!from || panned || Math.abs(at[0] - from[0]) < CLICK_PX) return;
    const [left, right] = [Math.min(from[0], at[0]), Math.max(from[0], at[0])];
    const x = { start: this.plane.xAt(left), end: this.plane.xAt(right) };
    const [top, bottom] = [Math.min(from[1], at[1]), Math.max(from[1], at[1])];
    const tall = bottom - top >= BAND_PX;
    this.plane.zoom(x, tall ? { start: this.plane.yAt(bottom), end: this.plane.yAt(top) } : null);
  }

  cancel(): void {
    this.from = this.panned = null;
    this.band.hidden = true;
  }

  private pan(at: [number, number]): void {
    const frame = this.plane.frame();
    if (!frame || !this.from || !this.panned) return;
    const perPixel = (this.panned.end - this.panned.start) / frame.width;
    this.plane.zoom(shifted(this.panned, (this.from[0] - at[0]) * perPixel), null);
  }

  private select(at: [number, number]): void {
    const frame = this.plane.frame();
    if (!frame || !this.from) return;
    const [x0, y0] = this.from;
    const tall = Math.abs(at[1] - y0) >= BAND_PX;
    const clamp = (v: number, lo: number, hi: number): number => Math.min(Math.max(v, lo), hi);
    const [left, right] = [x0, at[0]].map((v) => clamp(v, frame.left, frame.left + frame.width)).sort((a, b) => a - b) as [number, number];
    const [top, bottom] = (tall ? [y0, at[1]] : [frame.top, frame.top + frame.height])
      .map((v) => clamp(v, frame.top, frame.top + frame.height)).sort((a, b) => a - b) as [number, number];
    Object.assign(this.band.style, {
      left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px`,
    });
    this.band.hidden = false;
  }
}
