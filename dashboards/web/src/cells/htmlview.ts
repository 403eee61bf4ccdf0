/** An `html` cell: its value in a frame without an origin, which can reach nothing. */

import { SandboxFrame } from "../kinds/sandbox.ts";
import { words } from "./contentwords.ts";
import type { CellRecord, CellView } from "./view.ts";

export class HtmlView implements CellView {
  private readonly frame = new SandboxFrame(words.html(""));
  readonly element = this.frame.element;

  async show(record: CellRecord, signal: AbortSignal): Promise<void> {
    const html = record["value"];
    if (typeof html !== "string") throw new Error(words.noText("html"));
    const name = record["name"];
    this.frame.title = words.html(typeof name === "string" ? name : "");
    await this.frame.show({ kind: "html", html }, null, signal);
  }

  remove(): void {
    this.frame.remove();
  }
}
