/** What is drawn over images: layers, classes, the lowest score; one choice for all panes. */

import { fill, h, setText } from "../dom.ts";
import type { ImageItem } from "../entries/bodies.ts";
import { words } from "../entries/words.ts";
import { icon } from "../icons.ts";
import { classColor } from "./classcolors.ts";

export type Layer = "boxes" | "masks" | "keypoints";

const LAYERS: readonly Layer[] = ["boxes", "masks", "keypoints"];
/** More classes than these are turned all at once only. */
const MOST_CLASSES = 200;

export class Overlays {
  readonly hidden = new Set<Layer>();
  readonly hiddenClasses = new Set<string>();
  opacity = 0.5;
  score = 0;
  readonly element: HTMLElement;
  private readonly list = h("div", { class: "overlay-list", tabindex: -1, hidden: true });
  private readonly layerBox = h("div", { class: "overlay-layers" });
  private readonly classBox = h("div", { class: "overlay-classes" });
  private readonly present = new Set<Layer>();
  private readonly classes = new Map<string, string>();
  private scored = false;
  private readonly listeners = new Set<() => void>();

  constructor() {
    const button = h("button", {
      type: "button", class: "icon-button small", "aria-label": words.overlays, title: words.overlaysHelp, "aria-expanded": "false",
    }, icon("layers", 14));
    this.element = h("div", { class: "menu overlays", hidden: true }, button, this.list);
    const turn = (open: boolean): void => {
      this.list.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
    };
    button.addEventListener("click", () => turn(this.list.hidden !== false));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.list.hidden) return;
      event.stopPropagation();
      turn(false);
      button.focus();
    });
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) turn(false);
    });
    this.list.append(this.layerBox, this.classBox);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** These images are shown: what they have can be turned off. */
  found(items: readonly ImageItem[]): void {
    const before = this.present.size + this.classes.size + Number(this.scored);
    for (const item of items) {
      for (const layer of LAYERS) if (listOf<unknown>(item[layer]).length > 0) this.present.add(layer);
      for (const [id, name] of namesOf(item)) this.classes.set(id, name);
      this.scored ||= listOf(item.boxes).some((box) => typeof box.score === "number");
    }
    if (this.present.size + this.classes.size + Number(this.scored) !== before) this.draw();
  }

  shows(layer: Layer, id: string | number | undefined): boolean {
    return !this.hidden.has(layer) && !(id !== undefined && this.hiddenClasses.has(String(id)));
  }

  private draw(): void {
    this.element.hidden = this.present.size === 0;
    const layers = LAYERS.filter((layer) => this.present.has(layer)).map((layer) =>
      check(words[layer], !this.hidden.has(layer), (shown) => this.turn(this.hidden, layer, shown)));
    fill(this.layerBox, ...layers,
      this.present.has("masks") && slider(words.opacity, this.opacity, (value) => (this.opacity = value), () => this.tell()),
      this.scored && slider(words.score, this.score, (value) => (this.score = value), () => this.tell()));
    this.drawClasses();
  }

  private drawClasses(): void {
    const named = [...this.classes].slice(0, MOST_CLASSES);
    this.classBox.hidden = named.length === 0;
    fill(this.classBox,
      h("div", { class: "overlay-head" }, h("h3", {}, words.classes),
        quiet(words.everyClass, () => this.turnAll(true)), quiet(words.noClass, () => this.turnAll(false))),
      h("div", { class: "overlay-checks" }, ...named.map(([id, name]) =>
        check(name, !this.hiddenClasses.has(id), (shown) => this.turn(this.hiddenClasses, id, shown), classColor(Number(id) || 0)))));
  }

  private turn<T>(hidden: Set<T>, one: T, shown: boolean): void {
    if (shown) hidden.delete(one);
    else hidden.add(one);
    this.tell();
  }

  private turnAll(shown: boolean): void {
    this.hiddenClasses.clear();
    if (!shown) for (const id of this.classes.keys()) this.hiddenClasses.add(id);
    this.drawClasses();
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** What was sent where a list belongs; anything else is none. */
export const listOf = <T>(value: readonly T[] | undefined): readonly T[] => (Array.isArray(value) ? value : []);

function namesOf(item: ImageItem): [string, string][] {
  const used = [...listOf(item.boxes), ...listOf(item.keypoints)].flatMap((one) =>
    one.class === undefined ? [] : [[String(one.class), item.classes?.[String(one.class)] ?? String(one.class)] as [string, string]]);
  return [...Object.entries(item.classes ?? {}).map(([id, name]): [string, string] => [id, String(name)]), ...used];
}

function check(label: string, on: boolean, changed: (on: boolean) => void, color?: string): HTMLElement {
  const input = h("input", { type: "checkbox" });
  input.checked = on;
  input.addEventListener("change", () => changed(input.checked));
  const dot = h("span", { class: "class-dot", hidden: color === undefined });
  if (color) dot.style.background = color;
  return h("label", { class: "overlay-check" }, input, dot, h("span", { class: "overlay-name" }, label));
}

function slider(label: string, value: number, take: (value: number) => void, tell: () => void): HTMLElement {
  const output = h("output", { class: "slider-value" });
  const input = h("input", { type: "range", min: 0, max: 1, step: 0.05, value });
  const draw = (): void => {
    setText(output, Number(input.value).toFixed(2));
    input.style.setProperty("--part", `${Number(input.value) * 100}%`);
  };
  input.addEventListener("input", () => {
    draw();
    take(Number(input.value));
    tell();
  });
  draw();
  return h("label", { class: "slider" }, h("span", {}, label), input, output);
}

const quiet = (label: string, run: () => void): HTMLElement =>
  h("button", { type: "button", class: "chip-button", onclick: run }, label);
