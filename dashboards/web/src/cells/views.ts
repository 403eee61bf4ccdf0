/** Which view shows which type of cell. */

import { h } from "../dom.ts";
import { SandboxFrame } from "../kinds/sandbox.ts";
import type { CellRecord, CellView } from "./view.ts";

/** Null where there is none for the type. */
export function viewOf(type: string): CellView | null {
  if (type === "html") return new PlainHtml();
  return type === "img" ? new PlainImage() : null;
}

class PlainHtml implements CellView {
  private readonly frame = new SandboxFrame("");
  readonly element = this.frame.element;

  show(record: CellRecord, signal: AbortSignal): Promise<void> {
    return this.frame.show({ kind: "html", html: String(record["value"]) }, null, signal);
  }

  remove(): void {
    this.frame.remove();
  }
}

class PlainImage implements CellView {
  readonly element = h("img", { class: "cell-image", alt: "" });

  async show(record: CellRecord): Promise<void> {
    this.element.src = String(record["value"]);
    await this.element.decode().catch(() => Promise.reject(new Error("The image can't be loaded.")));
  }

  remove(): void {
    this.element.remove();
  }
}
