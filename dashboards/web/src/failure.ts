/** A page that says what went wrong and where to go from there. */

import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import { TopBar } from "./topbar.ts";

export function failurePage(title: string, text: string, link: { label: string; href: string }): HTMLElement {
  return h("div", { class: "shell" }, new TopBar().element,
    h("main", { class: "message", id: "main" },
      h("div", { class: "message-icon" }, icon("unknown", 28)),
      h("h1", {}, title), h("p", {}, text),
      h("a", { class: "button primary", href: link.href }, link.label)));
}
