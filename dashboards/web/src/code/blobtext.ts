/** A text that lies in a blob: fetched when it is first to be seen, shown by whoever knows how. */

import { isServerTrouble } from "../api.ts";
import { fill, h } from "../dom.ts";
import { formatBytes } from "../format.ts";
import { icon } from "../icons.ts";
import type { Blob } from "../model.ts";
import { blobFile, getBlobText } from "../runapi.ts";
import { strings } from "../strings.ts";
import { words } from "../words.ts";

/** Longer ones are for an editor. */
const SHOWN_BYTES = 4 << 20;

export class BlobText {
  readonly element = h("div", { class: "blob-text" });
  private blob: Blob | null = null;
  private loaded = "";
  private front = false;

  constructor(private readonly draw: (text: string) => HTMLElement) {}

  show(blob: Blob | null): void {
    this.blob = blob;
    void this.load();
  }

  turn(front: boolean): void {
    this.front = front;
    void this.load();
  }

  private async load(): Promise<void> {
    const { blob } = this;
    if (!this.front || !blob || blob.sha256 === this.loaded) return;
    this.loaded = blob.sha256;
    if (blob.size > SHOWN_BYTES) return fill(this.element, h("p", { class: "faint" }, words.tooLong(formatBytes(blob.size))));
    try {
      const text = await getBlobText(blob.sha256);
      if (this.loaded === blob.sha256) fill(this.element, this.draw(text));
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      this.loaded = "";
      fill(this.element, h("p", { class: "faint" }, words.notLoaded),
        h("button", { type: "button", class: "button small", onclick: () => void this.load() }, strings.retry));
    }
  }
}

/** A link that brings the blob as a file. */
export function downloadLink(blob: Blob, name: string): HTMLElement {
  return h("a", { class: "icon-button small", href: blobFile(blob.sha256, name), download: name, "aria-label": `${words.download}: ${name}`, title: `${words.download}: ${name}` },
    icon("download", 13));
}
