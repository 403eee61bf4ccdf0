/** VIDEO: the browser's player; animations in image formats play by themselves. */

import { fill, h } from "../dom.ts";
import { blobAddress } from "../entries/api.ts";
import type { Body, VideoItem } from "../entries/bodies.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import { words } from "../entries/words.ts";
import type { MenuItem } from "../menu.ts";

export class VideoKind implements PaneKind {
  readonly tools = [];

  viewer(): Viewer {
    return new VideoViewer();
  }
}

class VideoViewer implements Viewer {
  readonly element = h("div", { class: "video-view" });
  private items: readonly VideoItem[] = [];

  async show(body: Body): Promise<void> {
    this.items = (body["items"] as VideoItem[]).slice(0, 64);
    this.element.dataset["count"] = this.items.length === 1 ? "1" : "many";
    fill(this.element, ...this.items.map((item) => h("figure", { class: "video-item" },
      item.mime.startsWith("image/") ? animation(item) : film(item), item.caption && h("figcaption", {}, item.caption))));
  }

  exports(): readonly MenuItem[] {
    return this.items.slice(0, 8).map((item, i) => {
      const name = `${item.caption || `video-${i + 1}`}.${item.mime.split("/")[1] ?? "bin"}`;
      return { label: words.save(name), href: blobAddress(item, name) };
    });
  }
}

const labelOf = (item: VideoItem): string => item.caption || words.video;

const animation = (item: VideoItem): HTMLElement =>
  h("img", { src: blobAddress(item), alt: labelOf(item), width: item.width, height: item.height });

function film(item: VideoItem): HTMLElement {
  const player = h("video", {
    src: blobAddress(item), controls: true, playsinline: true, loop: true, preload: "metadata", "aria-label": labelOf(item),
    width: item.width, height: item.height,
  });
  player.muted = true;
  return player;
}
