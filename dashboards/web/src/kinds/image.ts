/** IMAGE: the images of an entry as a grid, thumbnails first, with what is drawn over them. */

import { h, fill } from "../dom.ts";
import { blobAddress } from "../entries/api.ts";
import type { Body, ImageItem } from "../entries/bodies.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import { formatStep } from "../format.ts";
import type { MenuItem } from "../menu.ts";
import { Layers } from "./layers.ts";
import { openLightbox } from "./lightbox.ts";
import { Overlays } from "./overlays.ts";

/** Images up to this side are drawn with hard pixels where they are enlarged. */
const SMALL = 256;
const MOST_ITEMS = 64;

export class ImageKind implements PaneKind {
  private readonly overlays = new Overlays();
  readonly tools = [this.overlays.element];

  viewer(): Viewer {
    return new ImageViewer(this.overlays);
  }
}

class ImageViewer implements Viewer {
  readonly element = h("div", { class: "image-grid" });
  private layers: Layers[] = [];
  private items: readonly ImageItem[] = [];
  private readonly leave: () => void;

  constructor(private readonly overlays: Overlays) {
    this.leave = overlays.onChange(() => {
      for (const layer of this.layers) layer.draw();
    });
  }

  async show(body: Body, place: Place, signal: AbortSignal): Promise<void> {
    const items = (body["items"] as ImageItem[]).slice(0, MOST_ITEMS);
    const pictures = items.map((item) => new Picture(item, this.overlays, words.imageAlt(formatStep(place.x))));
    await Promise.all(pictures.map((one) => one.loadThumb()));
    if (signal.aborted) return;
    this.overlays.found(items);
    this.items = items;
    this.layers = pictures.map((one) => one.layers);
    this.element.dataset["count"] = items.length === 1 ? "1" : items.length <= 4 ? "few" : "many";
    fill(this.element, ...pictures.map((one) => one.figure()));
    for (const one of pictures) one.loadRest(signal);
  }

  exports(): readonly MenuItem[] {
    return this.items.slice(0, 8).map((item, i) => {
      const name = `${item.caption ?? `image-${i + 1}`}.${item.mime.split("/")[1]?.split("+")[0] ?? "png"}`;
      return { label: words.save(name), href: blobAddress(item, name) };
    });
  }

  remove(): void {
    this.leave();
  }
}

/** One image with its layers. */
class Picture {
  readonly layers: Layers;
  private readonly image: HTMLImageElement;

  constructor(private readonly item: ImageItem, private readonly overlays: Overlays, private readonly alt: string) {
    this.image = h("img", { alt: item.caption || alt, src: blobAddress(item.thumb ?? item), decoding: "async" });
    this.layers = new Layers(item, overlays);
  }

  loadThumb(): Promise<void> {
    return this.image.decode();
  }

  figure(): HTMLElement {
    const { item } = this;
    const frame = h("span", { class: this.isSmall ? "picture pixelated" : "picture" }, this.image, this.layers.element);
    frame.style.aspectRatio = `${item.width} / ${item.height}`;
    const label = words.openImage(item.caption ?? "");
    return h("figure", { class: "image-item" },
      h("button", { type: "button", class: "image-button", "aria-label": label, onclick: () => this.open() }, frame),
      item.caption && h("figcaption", { title: item.caption }, item.caption));
  }

  /** Masks, and the full image where the thumbnail has too few pixels for its place. */
  loadRest(signal: AbortSignal): void {
    this.layers.load(signal).catch(() => undefined); // the image itself is there
    const { item, image } = this;
    const needed = image.clientWidth * devicePixelRatio;
    if (item.thumb && item.thumb.width < needed && item.thumb.sha256 !== item.sha256) void this.sharpen();
  }

  private async sharpen(): Promise<void> {
    const full = h("img", { src: blobAddress(this.item), decoding: "async" });
    await full.decode().catch(() => undefined); // the thumbnail stays
    if (full.naturalWidth > 0) this.image.src = full.src;
  }

  private open(): void {
    const { item } = this;
    openLightbox({
      title: item.caption || this.alt, width: item.width, height: item.height, smooth: !this.isSmall,
      content: () => {
        const layers = new Layers(item, this.overlays);
        layers.load(new AbortController().signal).catch(() => undefined);
        return h("span", { class: "picture" }, h("img", { src: blobAddress(item), alt: item.caption || this.alt }), layers.element);
      },
    });
  }

  private get isSmall(): boolean {
    return Math.max(this.item.width, this.item.height) <= SMALL;
  }
}
