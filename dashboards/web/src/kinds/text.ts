/** TEXT: Markdown as a page of its own words, or plain as it is. */

import { getBlobText } from "../entries/api.ts";
import type { Body, BlobRef, TextBody } from "../entries/bodies.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import { fill, h } from "../dom.ts";

export class TextKind implements PaneKind {
  private readonly button = h("button", {
    type: "button", class: "chip-button", "aria-pressed": "false", title: words.sourceHelp,
  }, words.source);
  readonly tools = [this.button];
  private readonly viewers = new Set<TextViewer>();
  plain = false;

  constructor() {
    this.button.addEventListener("click", () => {
      this.plain = !this.plain;
      this.button.setAttribute("aria-pressed", String(this.plain));
      for (const viewer of this.viewers) viewer.draw();
    });
  }

  viewer(): Viewer {
    const viewer = new TextViewer(() => this.plain, () => this.viewers.delete(viewer));
    this.viewers.add(viewer);
    return viewer;
  }
}

class TextViewer implements Viewer {
  readonly element = h("div", { class: "text-view", tabindex: 0 });
  private text = "";
  private render: ((text: string) => Node) | null = null;

  constructor(private readonly plain: () => boolean, readonly remove: () => void) {}

  async show(body: Body, _: Place, signal: AbortSignal): Promise<void> {
    const { text, blob, format } = body as unknown as TextBody;
    const whole = typeof text === "string" ? text : await getBlobText(blob as BlobRef, signal);
    // Most runs have no text: what it takes comes when there is one.
    const render = format === "markdown" ? (await import("./markdown.ts")).renderMarkdown : null;
    if (signal.aborted) return;
    this.text = whole;
    this.render = render;
    this.draw();
  }

  draw(): void {
    const render = this.plain() ? null : this.render;
    this.element.classList.toggle("prose", render !== null);
    if (render) fill(this.element, render(this.text));
    else fill(this.element, h("pre", { class: "plain-text" }, this.text));
  }
}
