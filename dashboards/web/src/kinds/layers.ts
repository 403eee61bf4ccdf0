/** Boxes, masks and keypoints of one image, drawn over it in its own proportions. */

import { fill, h, svg } from "../dom.ts";
import { getBlobBytes } from "../entries/api.ts";
import type { BoxMark, ImageItem, KeypointMark, MaskMark } from "../entries/bodies.ts";
import { classColor, classRgb } from "./classcolors.ts";
import { listOf, type Overlays } from "./overlays.ts";

/** More of them say nothing to an eye, and hold the page up. */
const MOST_MARKS = 2000;
/** Masks are drawn with at most this many pixels a side. */
const MASK_SIDE = 2048;

export class Layers {
  readonly element = h("div", { class: "layers" });
  private readonly masks = h("div", { class: "mask-layer" });
  private readonly marks = h("div", { class: "mark-layer" });
  private readonly drawn = new Map<MaskMark, ImageData>();

  constructor(private readonly item: ImageItem, private readonly overlays: Overlays) {
    this.element.append(this.masks, this.marks);
    this.draw();
  }

  /** Masks are files of their own. */
  async load(signal: AbortSignal): Promise<void> {
    await Promise.all(listOf(this.item.masks).map(async (mask) => {
      const ids = await idsOf(mask, signal);
      if (!signal.aborted) this.drawn.set(mask, ids);
    }));
    if (this.drawn.size > 0) this.draw();
  }

  draw(): void {
    const { overlays, item } = this;
    const boxes = listOf(item.boxes).slice(0, MOST_MARKS).filter((box) =>
      overlays.shows("boxes", box.class) && (box.score ?? 1) >= overlays.score);
    const points = listOf(item.keypoints).slice(0, MOST_MARKS).filter((one) => overlays.shows("keypoints", one.class));
    fill(this.marks, ...boxes.map((box) => this.box(box)), points.length > 0 && this.skeletons(points));
    this.drawMasks();
  }

  private drawMasks(): void {
    const shown = this.overlays.shows("masks", undefined);
    this.masks.style.opacity = String(this.overlays.opacity);
    fill(this.masks, ...(shown ? [...this.drawn.values()].map((ids) => this.mask(ids)) : []));
  }

  private mask(ids: ImageData): HTMLCanvasElement {
    const canvas = h("canvas", { width: ids.width, height: ids.height });
    const pen = canvas.getContext("2d")!;
    pen.putImageData(coloured(ids, (id) => this.overlays.shows("masks", id)), 0, 0);
    return canvas;
  }

  private box({ box, class: id, label, score }: BoxMark): HTMLElement | null {
    if (!Array.isArray(box) || !box.every((side) => Number.isFinite(side))) return null;
    const { width, height } = this.item;
    const [x0, y0, x1, y1] = box;
    const name = label ?? this.nameOf(id);
    const told = [name, typeof score === "number" && score.toFixed(2)].filter(Boolean).join(" ");
    const mark = h("div", { class: "box-mark", title: told }, told && h("span", { class: "box-label" }, told));
    mark.style.setProperty("--class", classColor(Number(id) || 0));
    Object.assign(mark.style, {
      left: percent(Math.min(x0, x1), width), top: percent(Math.min(y0, y1), height),
      width: percent(Math.abs(x1 - x0), width), height: percent(Math.abs(y1 - y0), height),
    });
    return mark;
  }

  private nameOf(id: number | string | undefined): string {
    return id === undefined ? "" : (this.item.classes?.[String(id)] ?? String(id));
  }

  /** Strokes that keep their width, whatever the zoom; a dot is a stroke without length. */
  private skeletons(marks: readonly KeypointMark[]): SVGElement {
    const lines = marks.flatMap((mark) => {
      const color = classColor(Number(mark.class) || 0);
      const seen = listOf(mark.points);
      const bones = listOf(mark.skeleton).flatMap(([a, b]) => {
        const [from, to] = [seen[a], seen[b]];
        return from?.[2] && to?.[2] ? [stroke(`M${from[0]} ${from[1]}L${to[0]} ${to[1]}`, color, 2)] : [];
      });
      const dots = seen.flatMap(([x, y, visible]) =>
        visible ? [stroke(`M${x} ${y}h0`, "#0c0f14", 8), stroke(`M${x} ${y}h0`, color, 6)] : []);
      return [...bones, ...dots];
    });
    const { width, height } = this.item;
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "keypoint-layer" }, ...lines);
  }
}

const stroke = (d: string, color: string, width: number): SVGElement => svg("path", {
  d, fill: "none", stroke: color, "stroke-width": width, "stroke-linecap": "round", "vector-effect": "non-scaling-stroke",
});

const percent = (part: number, whole: number): string => `${(100 * part) / whole}%`;

/** The ids of a mask's pixels, in the red channel. */
async function idsOf(mask: MaskMark, signal: AbortSignal): Promise<ImageData> {
  const file = new Blob([await getBlobBytes(mask, signal)], { type: "image/png" });
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const shrink = Math.min(1, MASK_SIDE / Math.max(picture.width, picture.height));
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(picture.width * shrink)), height: Math.max(1, Math.round(picture.height * shrink)),
  });
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  pen.imageSmoothingEnabled = false; // between two classes there is no third
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** The colour of each pixel's class; 0 is none. */
export function coloured(ids: ImageData, shows: (id: number) => boolean): ImageData {
  const out = new ImageData(ids.width, ids.height);
  const colors = Array.from({ length: 256 }, (_, id) => (id > 0 && shows(id) ? classRgb(id) : null));
  for (let i = 0; i < ids.data.length; i += 4) {
    const rgb = colors[ids.data[i]!];
    if (!rgb) continue;
    out.data.set(rgb, i);
    out.data[i + 3] = 255;
  }
  return out;
}
