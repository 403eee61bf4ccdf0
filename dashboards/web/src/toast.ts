/** Short notices at the lower edge: what was done, and how to undo it. */

import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import { strings } from "./strings.ts";

export interface Toast {
  text: string;
  action?: { label: string; run: () => void };
  isError?: boolean;
}

const STAYS_MS = 8000;

export class Toasts {
  readonly element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  /** A pointer or the focus on it keeps it there. */
  show(toast: Toast): void {
    const close = (): void => item.remove();
    const act = toast.action && h("button", {
      type: "button", class: "button small", onclick: () => {
        close();
        toast.action!.run();
      },
    }, toast.action.label);
    const item = h("div", { class: toast.isError ? "toast toast-error" : "toast" }, h("p", {}, toast.text), act,
      h("button", { type: "button", class: "icon-button small", "aria-label": strings.close, onclick: close }, icon("close", 12)));
    let timer = setTimeout(close, STAYS_MS);
    for (const name of ["pointerenter", "focusin"]) item.addEventListener(name, () => clearTimeout(timer));
    for (const name of ["pointerleave", "focusout"]) {
      item.addEventListener(name, () => {
        clearTimeout(timer);
        timer = setTimeout(close, STAYS_MS);
      });
    }
    this.element.append(item);
  }
}
