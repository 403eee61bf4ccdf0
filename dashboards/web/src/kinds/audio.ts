/** AUDIO: the browser's player below the waveform, which is drawn from the file itself. */

import { fill, h } from "../dom.ts";
import { blobAddress, getBlobBytes } from "../entries/api.ts";
import type { AudioItem, Body } from "../entries/bodies.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import type { MenuItem } from "../menu.ts";
import { token } from "../theme.ts";
import { peaksOf, type Peaks } from "./peaks.ts";

/** Longer files are played, not drawn: all of it would have to be fetched and decoded. */
const DRAWN_UP_TO = 24 * 2 ** 20;
const BARS = 400;
const WAVE_PX = 64;

export class AudioKind implements PaneKind {
  readonly tools = [];

  viewer(): Viewer {
    return new AudioViewer();
  }
}

class AudioViewer implements Viewer {
  readonly element = h("div", { class: "audio-view" });
  private sounds: Sound[] = [];
  private items: readonly AudioItem[] = [];

  show(body: Body, _: Place, signal: AbortSignal): void {
    this.items = (body["items"] as AudioItem[]).slice(0, 64);
    this.sounds = this.items.map((item) => new Sound(item));
    fill(this.element, ...this.sounds.map((one) => one.element));
    for (const one of this.sounds) void one.draw(signal);
  }

  paintTheme(): void {
    for (const one of this.sounds) one.paint();
  }

  exports(): readonly MenuItem[] {
    return this.items.slice(0, 8).map((item, i) => {
      const name = item.caption || `audio-${i + 1}`;
      return { label: words.save(name), href: blobAddress(item, name) };
    });
  }
}

class Sound {
  readonly element: HTMLElement;
  private peaks: Peaks | null = null;
  private readonly canvas = h("canvas", { class: "wave", title: words.wave, height: WAVE_PX });
  private readonly player: HTMLAudioElement;

  constructor(private readonly item: AudioItem) {
    const label = words.playAudio(item.caption ?? "");
    this.player = h("audio", { src: blobAddress(item), controls: true, preload: "metadata", "aria-label": label });
    this.player.addEventListener("timeupdate", () => this.paint());
    this.canvas.addEventListener("click", (event) => this.seek(event.offsetX / this.canvas.clientWidth));
    this.element = h("figure", { class: "audio-item" },
      item.caption && h("figcaption", {}, item.caption), this.canvas, this.player);
    new ResizeObserver(() => this.paint()).observe(this.canvas);
  }

  async draw(signal: AbortSignal): Promise<void> {
    this.canvas.hidden = this.item.size > DRAWN_UP_TO;
    if (this.canvas.hidden) return;
    try {
      const bytes = await getBlobBytes(this.item, signal);
      // One channel at a low rate is enough to see where it is loud.
      const sound = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(bytes);
      this.peaks = peaksOf(Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i)), BARS);
      this.paint();
    } catch {
      this.canvas.hidden = true; // the player tells what it can't play
    }
  }

  paint(): void {
    const { canvas, peaks, player } = this;
    const pen = canvas.getContext("2d")!;
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    canvas.height = Math.round(WAVE_PX * devicePixelRatio);
    if (!peaks) return;
    const played = player.duration > 0 ? player.currentTime / player.duration : 0;
    const width = canvas.width / peaks.high.length;
    const middle = canvas.height / 2;
    for (let i = 0; i < peaks.high.length; i++) {
      pen.fillStyle = token(i / peaks.high.length < played ? "accent" : "line-strong");
      const top = middle - peaks.high[i]! * middle;
      const bottom = middle - peaks.low[i]! * middle;
      pen.fillRect(i * width, top - 0.5, Math.max(1, width * 0.7), Math.max(1, bottom - top + 1));
    }
  }

  private seek(part: number): void {
    if (this.player.duration > 0) this.player.currentTime = part * this.player.duration;
    this.paint();
  }
}
