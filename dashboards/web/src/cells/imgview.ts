/**
 * An `img` cell: a picture or a film by its address, asked for anew at each change, for it may be
 * another one at the same address. What was shown stays until the new one has been read.
 */

import { base } from "../base.ts";
import { h } from "../dom.ts";
import { openLightbox } from "../kinds/lightbox.ts";
import { placeOf } from "./address.ts";
import { words } from "./contentwords.ts";
import { ForeignPicture } from "./foreignpicture.ts";
import { OwnPicture } from "./ownpicture.ts";
import type { CellRecord, CellView } from "./view.ts";

/** What is smaller is drawn with hard pixels, by a whole factor. */
const SMALL = 128;
/** What is larger than that may grow so far, and to so many pixels: a thumbnail is lost in a card. */
const GROWS = { factor: 3, width: 720, height: 480 };
const MOST_LETTERS = 200;

/** What can be shown, and its own size in pixels. */
export interface Picture {
  readonly element: HTMLElement;
  readonly width: number;
  readonly height: number;
  /** Another element that shows the same; null: there is none to enlarge. */
  again(alt: string): HTMLElement | null;
  remove(): void;
}

export class ImgView implements CellView {
  readonly element = h("div", { class: "cell-image" });
  private picture: Picture | null = null;
  private name = "";
  private readonly own = new OwnPicture();

  async show(record: CellRecord, signal: AbortSignal): Promise<void> {
    const { value, name } = record;
    if (typeof value !== "string") throw new Error(words.noText("img"));
    this.name = typeof name === "string" ? name : "";
    const found = await this.load(value, signal).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    if (signal.aborted) found?.remove();
    else if (found) this.put(found);
  }

  remove(): void {
    this.picture?.remove();
  }

  /** Null: what is shown is what lies there still. */
  private async load(value: string, signal: AbortSignal): Promise<Picture | null> {
    const place = placeOf(value, new URL(`${base}/`, location.href).href);
    const shown = value.length > MOST_LETTERS ? `${value.slice(0, MOST_LETTERS)}…` : value;
    if (place.kind === "refused") throw new Error((place.why === "scheme" ? words.refusedScheme : words.malformed)(shown));
    if (place.kind === "foreign") return ForeignPicture.load(this.element, place.url, words.image(this.name), signal);
    const before = this.picture instanceof ForeignPicture ? null : this.picture;
    return this.own.load(place, shown, words.image(this.name), before, signal);
  }

  private put(picture: Picture): void {
    const before = this.picture;
    this.picture = picture;
    const { width, height, element } = picture;
    element.classList.toggle("pixelated", isSmall(picture));
    Object.assign(element.style, { aspectRatio: `${width} / ${height}`, width: `${Math.round(width * growth(picture))}px` });
    const top = picture.again("") ? this.button(picture) : element;
    // A frame that is taken out and put in again would load again.
    for (const other of [...this.element.children]) if (other !== top) other.remove();
    if (!top.parentElement) this.element.append(top);
    before?.remove();
  }

  private button(picture: Picture): HTMLElement {
    const alt = words.image(this.name);
    const open = (): void => openLightbox({
      title: alt, width: picture.width, height: picture.height, smooth: !isSmall(picture),
      content: () => picture.again(alt)!,
    });
    const label = words.enlarge(this.name);
    return h("button", { type: "button", class: "image-button", title: label, "aria-label": label, onclick: open }, picture.element);
  }
}

const isSmall = ({ width, height }: Picture): boolean => Math.max(width, height) <= SMALL;

/** How much larger than itself a picture is drawn; a narrow card still makes it as wide as it is. */
function growth(picture: Picture): number {
  const { width, height } = picture;
  if (isSmall(picture)) return Math.max(1, Math.floor((2 * SMALL) / Math.max(width, height, 1)));
  return Math.max(1, Math.min(GROWS.factor, GROWS.width / width, GROWS.height / height));
}
