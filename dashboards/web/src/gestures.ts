/**
 * The reader's hands on a plot: drag selects what to enlarge, shift-drag and two fingers move,
 * pinch and Ctrl-wheel zoom, a double click shows everything, arrows and plus and minus do it by
 * keyboard. A plain wheel and a vertical swipe belong to the page.
 */

import { h } from "./dom.ts";
import type { Box } from "./bokeh.ts";
import type { Extent } from "./figure.ts";

export interface Plane {
  /** Null while the figure is not there. */
  frame(): Box | null;
  xAt(pixel: number): number;
  yAt(pixel: number): number;
  x(): Extent;
  /** `y` null: as the values in sight need it. */
  zoom(x: Extent, y: Extent | null): void;
  reset(): void;
  /** The reader points at this place (pixels of the plot), or nowhere. */
  point(pixel: number | null): void;
  /** By keyboard: the next point to the right (1) or to the left (-1). */
  next(direction: 1 | -1): void;
  wheelIsFree(): boolean;
  wheelRefused(): void;
}

const CLICK_PX = 5;
/** A selection lower than this takes the whole height. */
const BAND_PX = 28;
const DOUBLE_TAP_MS = 300;

export function bindGestures(overlay: HTMLElement, plane: Plane): void {
  const mouse = new MouseDrag(overlay, plane);
  const fingers = new Fingers(plane);
  const local = (event: { clientX: number; clientY: number }): [number, number] => {
    const box = overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  overlay.addEventListener("pointerdown", (event) => {
    if (!plane.frame()) return;
    if (event.pointerType === "touch") fingers.down(event.pointerId, local(event));
    else if (event.button === 0) mouse.down(event, local(event));
  });
  overlay.addEventListener("pointermove", (event) => {
    const at = local(event);
    if (event.pointerType === "touch") fingers.move(event.pointerId, at);
    else if (!mouse.move(event, at)) plane.point(at[0]);
  });
  overlay.addEventListener("pointerup", (event) => {
    if (event.pointerType === "touch") fingers.up(event.pointerId);
    else mouse.up(local(event));
  });
  overlay.addEventListener("pointercancel", (event) => {
    fingers.up(event.pointerId);
    mouse.cancel();
  });
  overlay.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") plane.point(null);
  });
  overlay.addEventListener("dblclick", () => plane.reset());
  overlay.addEventListener("wheel", (event) => onWheel(event, local(event)[0], plane), { passive: false });
  overlay.addEventListener("keydown", (event) => onKey(event, plane));
  overlay.addEventListener("blur", () => plane.point(null));
}

/** `range` made `factor` times as wide, with `around` staying where it is. */
export function scaled(range: Extent, factor: number, around: number): Extent {
  return { start: around - (around - range.start) * factor, end: around + (range.end - around) * factor };
}

export function shifted(range: Extent, by: number): Extent {
  return { start: range.start + by, end: range.end + by };
}

class MouseDrag {
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
  move(_event: PointerEvent, at: [number, number]): boolean {
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

/** One finger reads values; two zoom and move: what lies under each finger stays there. */
class Fingers {
  private readonly down_ = new Map<number, [number, number]>();
  private held: [number, number] | null = null;
  private tappedAt = 0;
  private moved = false;

  constructor(private readonly plane: Plane) {}

  down(id: number, at: [number, number]): void {
    this.down_.set(id, at);
    this.moved = false;
    if (this.down_.size === 1) this.plane.point(at[0]);
    else this.hold();
  }

  move(id: number, at: [number, number]): void {
    const before = this.down_.get(id);
    if (!before) return;
    this.moved ||= Math.hypot(at[0] - before[0], at[1] - before[1]) > CLICK_PX;
    this.down_.set(id, at);
    if (this.down_.size === 1) this.plane.point(at[0]);
    else if (this.held) this.pinch(this.held);
  }

  up(id: number): void {
    if (!this.down_.delete(id)) return;
    this.held = null;
    if (this.down_.size > 0 || this.moved) return;
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
    if (!frame || b - a < 2 * CLICK_PX) return;
    const perPixel = (right - left) / (b - a);
    const start = left - (a - frame.left) * perPixel;
    this.plane.zoom({ start, end: start + frame.width * perPixel }, null);
  }

  private pixels(): [number, number] {
    const [a, b] = [...this.down_.values()].map(([x]) => x).sort((p, q) => p - q);
    return [a ?? 0, b ?? 0];
  }
}

function onWheel(event: WheelEvent, at: number, plane: Plane): void {
  const frame = plane.frame();
  if (!frame) return;
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!sideways && !event.ctrlKey && !event.metaKey && !event.altKey && !plane.wheelIsFree()) {
    plane.wheelRefused();
    return;
  }
  event.preventDefault();
  const x = plane.x();
  if (sideways) plane.zoom(shifted(x, (event.deltaX / frame.width) * (x.end - x.start)), null);
  else plane.zoom(scaled(x, Math.exp(clampDelta(event) * 0.0022), plane.xAt(at)), null);
}

/** A notch of a wheel in pixels, whatever unit the browser tells it in. */
function clampDelta(event: WheelEvent): number {
  const pixels = event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
  return Math.max(-240, Math.min(240, pixels));
}

function onKey(event: KeyboardEvent, plane: Plane): void {
  if (!plane.frame() || event.ctrlKey || event.metaKey || event.altKey) return;
  const x = plane.x();
  const middle = (x.start + x.end) / 2;
  const quarter = (x.end - x.start) / 4;
  const actions: Record<string, () => void> = {
    ArrowLeft: () => (event.shiftKey ? plane.zoom(shifted(x, -quarter), null) : plane.next(-1)),
    ArrowRight: () => (event.shiftKey ? plane.zoom(shifted(x, quarter), null) : plane.next(1)),
    "+": () => plane.zoom(scaled(x, 0.5, middle), null),
    "=": () => plane.zoom(scaled(x, 0.5, middle), null),
    "-": () => plane.zoom(scaled(x, 2, middle), null),
    "0": () => plane.reset(),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
