/** How charts are drawn: smoothing, the horizontal axis. */

import { fill, h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import type { Preferences } from "./prefs.ts";
import type { Axis } from "./series.ts";
import { strings } from "./strings.ts";

export class Toolbar {
  readonly element: HTMLElement;

  constructor(private readonly prefs: Preferences) {
    this.element = h("div", { class: "toolbar", role: "group", "aria-label": strings.drawing }, this.smoothing(), this.axis());
  }

  private smoothing(): HTMLElement {
    const value = h("output", { class: "slider-value" });
    const input = h("input", {
      type: "range", min: 0, max: 0.99, step: 0.01, value: this.prefs.now.smoothing, id: "smoothing",
    });
    const draw = (): void => {
      const part = Number(input.value);
      setText(value, part.toFixed(2));
      input.style.setProperty("--part", `${(part / 0.99) * 100}%`);
    };
    input.addEventListener("input", () => {
      draw();
      this.prefs.set("smoothing", Number(input.value));
    });
    draw();
    return h("label", { class: "slider", for: "smoothing" }, h("span", {}, strings.smoothing), input, value);
  }

  private axis(): HTMLElement {
    return segmented(strings.xAxis, this.prefs.now.axis, [["x", strings.bySteps], ["wall", strings.byTime]],
      (axis: Axis) => this.prefs.set("axis", axis));
  }
}

/** A choice of few, side by side. */
export function segmented<T extends string>(
  name: string, chosen: T, options: readonly (readonly [T, string])[], choose: (value: T) => void,
): HTMLElement {
  const buttons = options.map(([value, label]) => {
    const button = h("button", { type: "button", "aria-pressed": String(value === chosen) }, label);
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      choose(value);
    });
    return button;
  });
  return h("div", { class: "segmented", role: "group", "aria-label": name }, ...buttons);
}

/** `help`: what the label has no room for. */
export function searchField(label: string, changed: (text: string) => void, help = label): HTMLElement {
  const input = h("input", {
    type: "search", placeholder: label, "aria-label": help, title: help === label ? null : help, spellcheck: "false",
  });
  input.addEventListener("input", () => changed(input.value));
  const box = h("div", { class: "search" });
  fill(box, icon("search", 14), input);
  return box;
}
