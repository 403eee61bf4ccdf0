/** HTML, in a frame without an origin: its scripts run there and reach nothing. */

import { getBlobText } from "../entries/api.ts";
import type { Body, HtmlBody } from "../entries/bodies.ts";
import type { Pane } from "../entries/panes.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import { blobAddress } from "../entries/api.ts";
import type { MenuItem } from "../menu.ts";
import { SandboxFrame } from "./sandbox.ts";

export class HtmlKind implements PaneKind {
  readonly tools = [];

  viewer(pane: Pane): Viewer {
    return new HtmlViewer(pane.name);
  }
}

class HtmlViewer implements Viewer {
  private readonly frame: SandboxFrame;
  readonly element: HTMLElement;
  private blob: HtmlBody | null = null;

  constructor(private readonly name: string) {
    this.frame = new SandboxFrame(words.html(name));
    this.element = this.frame.element;
  }

  async show(body: Body, _: Place, signal: AbortSignal): Promise<void> {
    const blob = body as unknown as HtmlBody;
    if (blob.sha256 === this.blob?.sha256) return;
    const html = await getBlobText(blob, signal);
    if (signal.aborted) return;
    this.blob = blob;
    await this.frame.show({ kind: "html", html }, blob.height ?? null, signal);
  }

  exports(): readonly MenuItem[] {
    const { blob, name } = this;
    return blob ? [{ label: words.save(name), href: blobAddress(blob, `${name}.html`) }] : [];
  }

  remove(): void {
    this.frame.remove();
  }
}
