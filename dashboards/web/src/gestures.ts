/**
 * The reader's hands on a plot: drag selects what to enlarge, shift-drag and two fingers move,
 * pinch and Ctrl-wheel zoom, a double click shows everything, arrows and plus and minus do it by
 * keyboard. A plain wheel and a vertical swipe belong to the page.
 */

import type { Box } from "./bokeh.ts";
import { MouseDrag } from "./drag.ts";
import type { Extent } from "./figure.ts";
import { Fingers } from "./fingers.ts";
import { scaled, shifted } from "./ranges.ts";

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
    else if (!mouse.move(at)) plane.point(at[0]);
  });
  overlay.addEventListener("pointerup", (event) => {
    if (event.pointerType === "touch") fingers.up(event.pointerId);
    else {
      mouse.up(local(event));
      plane.point(local(event)[0]);
    }
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
