/** Asks before something that can't be undone. */

import { h } from "./dom.ts";
import { words } from "./words.ts";

/** True when the reader said yes. Escape and a click on Cancel are no. */
export function confirmed(title: string, text: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (said: boolean): void => {
      dialog.remove();
      resolve(said);
    };
    const dialog = h("dialog", { class: "dialog", "aria-label": title, oncancel: () => answer(false) },
      h("h2", {}, title), h("p", {}, text),
      h("div", { class: "buttons" },
        h("button", { type: "button", class: "button", autofocus: true, onclick: () => answer(false) }, words.cancel),
        h("button", { type: "button", class: "button danger", onclick: () => answer(true) }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
