/** The frame of frame.ts from outside: what to show goes in, its height comes out. */

import { base } from "../base.ts";
import { h } from "../dom.ts";

export type Order = { kind: "html"; html: string } | { kind: "bokeh"; item: unknown };

const LEAST_PX = 60;
/** What is higher scrolls inside. */
const MOST_PX = 2000;
const SHOWN_WITHIN_MS = 20_000;

export class SandboxFrame {
  readonly element = h("div", { class: "sandbox" });
  private frame: HTMLIFrameElement | null = null;
  private declared: number | null = null;
  private shown: { resolve: () => void; reject: (error: Error) => void } | null = null;
  private order: Order | null = null;

  constructor(private readonly title: string) {
    window.addEventListener("message", this.hear);
  }

  /**
   * A new frame for each order: what an earlier one started ends with it. `height` in pixels, null:
   * as its content needs. Resolves when it is shown, or when waiting longer is of no use.
   */
  show(order: Order, height: number | null, signal: AbortSignal): Promise<void> {
    this.order = order;
    this.declared = height;
    const frame = h("iframe", {
      sandbox: "allow-scripts", src: `${base}/frame`, title: this.title, referrerpolicy: "no-referrer", class: "sandbox-frame",
    });
    const before = this.frame;
    this.setHeight(frame, height ?? before?.clientHeight ?? LEAST_PX);
    this.frame = frame;
    this.element.replaceChildren(frame);
    return new Promise((resolve, reject) => {
      this.shown = { resolve, reject };
      signal.addEventListener("abort", () => resolve());
      setTimeout(resolve, SHOWN_WITHIN_MS);
    });
  }

  remove(): void {
    window.removeEventListener("message", this.hear);
  }

  /** What stands in the frame may send anything: only these few words mean something. */
  private readonly hear = (event: MessageEvent): void => {
    const { frame, order } = this;
    if (!frame || !order || event.source !== frame.contentWindow) return;
    const told = event.data as { agnez?: unknown; kind?: unknown; value?: unknown } | null;
    if (told?.agnez !== true) return;
    if (told.kind === "ready") frame.contentWindow!.postMessage(order, "*");
    if (told.kind === "shown") this.shown?.resolve();
    if (told.kind === "failed") this.shown?.reject(new Error(String(told.value).slice(0, 500)));
    if (told.kind === "height" && this.declared === null && typeof told.value === "number") this.setHeight(frame, told.value);
  };

  private setHeight(frame: HTMLIFrameElement, height: number): void {
    frame.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, Math.round(height) || 0))}px`;
  }
}
