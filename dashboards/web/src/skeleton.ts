/** The shape of a page while its content is on the way. */

import { h } from "./dom.ts";
import { TopBar } from "./topbar.ts";

const block = (name: string): HTMLElement => h("div", { class: `skeleton ${name}` });

export function runSkeleton(): HTMLElement {
  return shell(block("skeleton-title"),
    h("div", { class: "grid", "data-count": "4" }, ...Array.from({ length: 4 }, () => block("skeleton-card"))));
}

export function listSkeleton(): HTMLElement {
  return shell(block("skeleton-title"), ...Array.from({ length: 8 }, () => block("skeleton-row")));
}

function shell(...content: HTMLElement[]): HTMLElement {
  return h("div", { class: "shell", "aria-busy": "true" }, new TopBar().element, h("main", {}, ...content));
}
