/** A button that copies, and says that it has. */

import { copyText } from "./clipboard.ts";
import { fill, h } from "./dom.ts";
import { icon } from "./icons.ts";
import { strings } from "./strings.ts";

const SAYS_MS = 1500;

/** `what` names to the reader what `text` gives when it is asked. */
export function copyButton(what: string, text: () => string | Promise<string>): HTMLElement {
  const label = `${strings.copy}: ${what}`;
  const button = h("button", { type: "button", class: "icon-button small copy", "aria-label": label, title: label }, icon("copy", 13));
  button.addEventListener("click", () => {
    void Promise.resolve(text()).then(copyText).then((done) => {
      if (!done) return;
      fill(button, icon("check", 13));
      button.title = strings.copied;
      setTimeout(() => {
        fill(button, icon("copy", 13));
        button.title = label;
      }, SAYS_MS);
    });
  });
  return button;
}
