/** A picture over the whole window: wheel, plus and minus zoom, a drag moves, Escape closes. */

import { h, setText } from "../dom.ts";
import { icon, type IconName } from "../icons.ts";
import { words } from "../entries/words.ts";

export interface LightboxPicture {
  title: string;
  /** In its own pixels. */
  width: number;
  height: number;
  content: () => HTMLElement;
  /** Drawn with soft pixels where it is enlarged. */
  smooth: boolean;
}

const STEP = 1.25;
const MOST = 64;

export function openLightbox(picture: LightboxPicture): void {
  new Lightbox(picture).open();
}

class Lightbox {
  private readonly box = h("div", { class: "lightbox-picture" });
  private readonly room = h("div", { class: "lightbox-room", tabindex: 0 }, this.box);
  private readonly percent = h("output", { class: "lightbox-zoom value" });
  private readonly dialog: HTMLDialogElement;
  private scale = 1;
  private from: { x: number; y: number; left: number; top: number } | null = null;

  constructor(private readonly picture: LightboxPicture) {
    this.dialog = h("dialog", { class: "lightbox", "aria-label": picture.title },
      h("div", { class: "lightbox-head" }, h("h2", {}, picture.title),
        h("span", { class: "faint" }, words.pixels(picture.width, picture.height)), this.percent,
        tool("dash", words.zoomOut, () => this.zoom(1 / STEP)), tool("plus", words.zoomIn, () => this.zoom(STEP)),
        tool("reset", words.fit, () => this.fit()), tool("close", words.close, () => this.dialog.close())),
      this.room);
    this.bind();
  }

  open(): void {
    document.body.append(this.dialog);
    this.box.append(this.picture.content());
    this.dialog.showModal();
    this.fit();
    this.room.focus();
  }

  private bind(): void {
    const { room, dialog } = this;
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("keydown", (event) => this.key(event));
    room.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.0022), event.clientX, event.clientY);
    }, { passive: false });
    room.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      this.from = { x: event.clientX, y: event.clientY, left: room.scrollLeft, top: room.scrollTop };
      room.setPointerCapture(event.pointerId);
    });
    room.addEventListener("pointermove", (event) => {
      if (!this.from) return;
      room.scrollLeft = this.from.left - (event.clientX - this.from.x);
      room.scrollTop = this.from.top - (event.clientY - this.from.y);
    });
    room.addEventListener("pointerup", () => (this.from = null));
    room.addEventListener("dblclick", () => this.fit());
  }

  private key(event: KeyboardEvent): void {
    const actions: Record<string, () => void> = {
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), "0": () => this.fit(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private fit(): void {
    const { width, height } = this.picture;
    const whole = Math.min(this.room.clientWidth / width, this.room.clientHeight / height);
    this.draw(Math.min(whole || 1, MOST));
  }

  /** What lies at the place (the middle, unless told) stays there. */
  private zoom(factor: number, clientX?: number, clientY?: number): void {
    const view = this.room.getBoundingClientRect();
    const [x, y] = [(clientX ?? view.left + view.width / 2), (clientY ?? view.top + view.height / 2)];
    const before = this.box.getBoundingClientRect();
    const [partX, partY] = [(x - before.left) / before.width, (y - before.top) / before.height];
    this.draw(Math.min(MOST, Math.max(0.02, this.scale * factor)));
    const after = this.box.getBoundingClientRect();
    this.room.scrollLeft += after.left + partX * after.width - x;
    this.room.scrollTop += after.top + partY * after.height - y;
  }

  private draw(scale: number): void {
    this.scale = scale;
    const { width, height, smooth } = this.picture;
    Object.assign(this.box.style, { width: `${width * scale}px`, height: `${height * scale}px` });
    this.box.classList.toggle("pixelated", !smooth && scale > 1);
    setText(this.percent, words.zoomed(Math.round(scale * 100)));
  }
}

const tool = (name: IconName, label: string, run: () => void): HTMLElement =>
  h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: run }, icon(name));
