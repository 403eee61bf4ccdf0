/**
 * A picture of another server, in a frame whose policy lets pictures come from anywhere: that of
 * the page itself does not. The frame is new each time, and has no origin, so no browser answers
 * from its cache; the address goes out as it is, for it may be signed.
 */

import { base } from "../base.ts";
import { h } from "../dom.ts";
import { words } from "./contentwords.ts";
import type { Picture } from "./imgview.ts";

const WITHIN_MS = 30_000;

type Answer = { kind: "loaded"; width: number; height: number } | { kind: "failed" };

export class ForeignPicture implements Picture {
  private constructor(readonly element: HTMLIFrameElement, readonly width: number, readonly height: number) {}

  /** The frame waits in `container`, out of sight, until the picture is there; null: no longer wanted. */
  static async load(container: HTMLElement, url: string, alt: string, signal: AbortSignal): Promise<ForeignPicture | null> {
    const frame = h("iframe", {
      sandbox: "allow-scripts", src: `${base}/pictureframe`, title: alt, referrerpolicy: "no-referrer", credentialless: true,
      class: "picture-frame picture-next", tabindex: -1,
    });
    const answer = asked(frame, url, signal);
    container.append(frame);
    const found = await answer;
    if (found?.kind !== "loaded") {
      frame.remove();
      if (!found) return null;
      throw new Error(words.unreached(url.slice(0, 200)));
    }
    frame.classList.remove("picture-next");
    return new ForeignPicture(frame, found.width, found.height);
  }

  again(): null {
    return null;
  }

  remove(): void {
    this.element.remove();
  }
}

/** Null when `signal` aborts. */
function asked(frame: HTMLIFrameElement, url: string, signal: AbortSignal): Promise<Answer | null> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve({ kind: "failed" }), WITHIN_MS);
    port1.onmessage = (event) => {
      clearTimeout(timer);
      port1.close();
      resolve(event.data as Answer);
    };
    frame.addEventListener("load", () => frame.contentWindow!.postMessage(url, "*", [port2]), { once: true });
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}
