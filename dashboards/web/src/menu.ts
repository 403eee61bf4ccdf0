/** A button with a short list of actions below it; Escape and a click elsewhere close it. */

import { fill, h } from "./dom.ts";
import { icon } from "./icons.ts";

export type MenuItem = { label: string; href: string } | { label: string; run: () => void };

/** `items` is asked each time the menu opens. */
export function menuButton(label: string, items: () => readonly MenuItem[]): HTMLElement {
  const list = h("ul", { class: "menu-list", hidden: true });
  const button = h("button", {
    type: "button", class: "icon-button small", "aria-label": label, title: label, "aria-expanded": "false",
  }, icon("more", 14));
  const box = h("div", { class: "menu" }, button, list);
  const turn = (open: boolean): void => {
    if (open) fill(list, ...items().map((item) => h("li", {}, itemElement(item, () => turn(false)))));
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) list.querySelector<HTMLElement>("a, button")?.focus();
  };
  button.addEventListener("click", () => turn(list.hidden !== false));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || list.hidden) return;
    event.stopPropagation();
    turn(false);
    button.focus();
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget as Node | null)) turn(false);
  });
  return box;
}

function itemElement(item: MenuItem, close: () => void): HTMLElement {
  if ("href" in item) return h("a", { href: item.href, download: "" }, item.label);
  return h("button", {
    type: "button",
    onclick: () => {
      close();
      item.run();
    },
  }, item.label);
}
