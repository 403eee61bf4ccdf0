/**
 * What one frame tells, as words that are safe to act on.
 *
 * A port goes in, then the order through it, and what comes back comes from the document that was
 * asked for: when the content leads its frame to another page, the port ends with the document. A
 * frame that sends without end is ended. A frame may stand ready before there is an order for it.
 */

import type { FrameWord, Order, PageWord } from "../frame/orders.ts";
import { scriptsFor } from "./framescripts.ts";
import { words } from "./framewords.ts";

export type Told = Exclude<FrameWord, { kind: "need" | "here" }> | { kind: "ended"; why: string };

/** Messages in a second; one that behaves sends at most sixty. */
const MOST_MESSAGES = 500;
/** It may be busy; meanwhile it is not in sight. */
const ANSWERS_WITHIN_MS = 10_000;
const MOST_LETTERS = 300;
const KINDS = new Set(["scripts", "styles", "images", "fonts", "films", "data", "pages"]);
const HOST = /^[\w.:[\]-]{0,100}$/;
const VERSION = /^\d[\w.]{0,20}$/;

/** Who listens to which window: one listener for all frames of a page. */
const links = new Map<MessageEventSource, FrameLink>();

export class FrameLink {
  private readonly channel = new MessageChannel();
  private count = 0;
  private countedAt = 0;
  private isOpen = true;
  private answerTimer = 0;
  private isShown = false;
  private order: Order | null = null;
  private hasPort = false;
  /** Our own page stands in it, and waits for its order. */
  isReady = false;

  constructor(private readonly frame: HTMLIFrameElement, private readonly tell: (told: Told) => void) {
    const { port1 } = this.channel;
    port1.onmessage = (event) => this.hear(event.data as FrameWord | null);
    frame.addEventListener("load", this.send, { once: true });
  }

  /** Once. It goes in as soon as it can. */
  give(order: Order): void {
    this.order = order;
    if (this.hasPort) this.answer({ kind: "order", order });
  }

  close(): void {
    this.isOpen = false;
    clearTimeout(this.answerTimer);
    this.channel.port1.close();
    for (const [source, link] of links) {
      if (link === this) links.delete(source);
    }
  }

  /** A message beside the port: nobody asked for it. */
  readonly noteStray = (): boolean => this.isFew();

  private readonly send = (): void => {
    const { frame } = this;
    links.set(frame.contentWindow!, this);
    frame.contentWindow!.postMessage(null, "*", [this.channel.port2]);
    this.hasPort = true;
    if (this.order) this.answer({ kind: "order", order: this.order });
    frame.addEventListener("load", this.ask);
  };

  /**
   * Another document, or the same written anew? Only the one that was asked for can answer. Until
   * it does it is not in sight: another page must not be taken for a part of this one.
   */
  private readonly ask = (): void => {
    if (!this.isShown) return;
    this.frame.classList.add("sandbox-doubt");
    clearTimeout(this.answerTimer);
    this.answer({ kind: "there?" });
    this.answerTimer = window.setTimeout(() => this.end(words.left), ANSWERS_WITHIN_MS);
  };

  private answer(word: PageWord): void {
    if (this.isOpen) this.channel.port1.postMessage(word);
  }

  private end(why: string): void {
    if (!this.isOpen) return;
    this.close();
    this.tell({ kind: "ended", why });
  }

  private hear(word: FrameWord | null): void {
    if (!this.isOpen || !this.isFew()) return;
    clearTimeout(this.answerTimer);
    this.frame.classList.remove("sandbox-doubt");
    this.isReady = true;
    if (word?.kind === "shown") this.isShown = true;
    if (word?.kind === "need" && Array.isArray(word.scripts)) void this.bring(word.scripts);
    const told = checked(word);
    if (told) this.tell(told);
  }

  private isFew(): boolean {
    const now = performance.now();
    if (now - this.countedAt > 1000) [this.count, this.countedAt] = [0, now];
    if (++this.count > MOST_MESSAGES) this.end(words.flooded);
    return this.isOpen;
  }

  private async bring(names: readonly unknown[]): Promise<void> {
    try {
      this.answer({ kind: "scripts", scripts: await scriptsFor(names) });
    } catch (error) {
      this.answer({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  }
}

window.addEventListener("message", (event) => {
  if (event.source) links.get(event.source)?.noteStray();
});

/** Anything may have been sent: null for what is none of the words. */
function checked(word: Partial<Record<string, unknown>> | null): Told | null {
  const isText = (value: unknown, pattern: RegExp): value is string => typeof value === "string" && pattern.test(value);
  const isLength = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < 1e6;
  switch (word?.["kind"]) {
    case "shown": return { kind: "shown" };
    case "failed": return { kind: "failed", why: String(word["why"]).slice(0, MOST_LETTERS) };
    case "size": {
      const { width, height } = word;
      return isLength(width) && isLength(height) ? { kind: "size", width, height } : null;
    }
    case "blocked": {
      const { what, host } = word;
      return KINDS.has(what as string) && isText(host, HOST) ? { kind: "blocked", what: what as string, host } : null;
    }
    case "bokeh": return isText(word["made"], VERSION) ? { kind: "bokeh", made: word["made"] } : null;
    default: return null;
  }
}
