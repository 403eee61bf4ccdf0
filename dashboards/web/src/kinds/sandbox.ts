/**
 * The frame of frame.ts from outside: what to show goes in, its size comes out.
 *
 * Each order has a frame of its own, so what an earlier one started ends with it. The earlier frame
 * stays in sight until the new one has been drawn behind it; one that changes has an empty frame at
 * hand for the next time. What is wider than its place is made smaller as a picture is.
 */

import { h, setText } from "../dom.ts";
import type { Order } from "../frame/orders.ts";
import { Fit } from "./fit.ts";
import { FrameLink, type Told } from "./framelink.ts";
import { bokehVersion, frameAddress } from "./framescripts.ts";
import { words } from "./framewords.ts";

const SHOWN_WITHIN_MS = 20_000;
/** What has just been shown goes on drawing for a while. */
const SPARE_AFTER_MS = 100;

export class SandboxFrame {
  private readonly stage = h("div", { class: "sandbox-stage" });
  private readonly note = h("p", { class: "sandbox-note", hidden: true });
  readonly element = h("div", { class: "sandbox" }, this.stage, this.note);
  private readonly fit = new Fit(this.element, this.stage);
  private shown: Shown | null = null;
  private next: Shown | null = null;
  private spare: Shown | null = null;
  private sparing = 0;

  /** `title` is for those who hear the page. */
  constructor(public title: string) {}

  /**
   * `height` in pixels, null: as its content needs. Resolves when it is shown, or `signal` aborts,
   * by which nothing changes; rejects with words for the reader where it can't be shown.
   */
  async show(order: Omitted<Order>, height: number | null, signal: AbortSignal): Promise<void> {
    this.next?.remove();
    const next = (this.next = this.takeEmpty());
    this.fit.prepare(next.frame);
    next.give(this.title, { ...order, bokeh: bokehVersion } as Order);
    const done = await next.done(signal);
    if (this.next === next) this.next = null;
    if (done !== "shown") next.remove();
    if (done instanceof Error) throw done;
    if (done === "shown") this.exchange(next, height);
  }

  remove(): void {
    for (const one of [this.next, this.shown, this.spare]) one?.remove();
    clearTimeout(this.sparing);
    this.fit.remove();
  }

  /** The spare frame, unless our page could not be loaded into it. */
  private takeEmpty(): Shown {
    const { spare } = this;
    clearTimeout(this.sparing);
    this.spare = null;
    if (spare?.isReady) return spare;
    spare?.remove();
    return this.addEmpty();
  }

  private addEmpty(): Shown {
    const empty = new Shown();
    this.stage.append(empty.frame);
    return empty;
  }

  private exchange(next: Shown, height: number | null): void {
    if (this.shown) this.sparing = window.setTimeout(() => (this.spare = this.addEmpty()), SPARE_AFTER_MS);
    this.shown?.remove();
    this.shown = next;
    next.frame.removeAttribute("aria-hidden");
    next.frame.classList.remove("sandbox-next");
    next.onChange = () => this.draw(next);
    this.fit.take(next.frame, height);
    this.draw(next);
  }

  private draw(one: Shown): void {
    if (this.shown !== one) return;
    this.note.hidden = one.note === "";
    setText(this.note, one.note);
    if (one.hasEnded) this.fit.release();
    else this.fit.set(one.width, one.height);
  }
}

type Omitted<T> = T extends unknown ? Omit<T, "bokeh"> : never;

/** A frame and what is shown in it, once it has its order. */
class Shown {
  readonly frame: HTMLIFrameElement;
  /** What it needs, in pixels; 0 where nothing is known. */
  width = 0;
  height = 0;
  note = "";
  /** It is not in sight any more, for a reason that the note tells. */
  hasEnded = false;
  onChange: () => void = () => undefined;
  private readonly link: FrameLink;
  private readonly blocked = { what: new Set<string>(), hosts: new Set<string>() };
  private finish: (how: "shown" | "aborted" | Error) => void = () => undefined;

  constructor() {
    this.frame = h("iframe", {
      sandbox: "allow-scripts", src: frameAddress(), referrerpolicy: "no-referrer", "aria-hidden": "true",
      class: "sandbox-frame sandbox-next",
    });
    this.link = new FrameLink(this.frame, (told) => this.hear(told));
  }

  get isReady(): boolean {
    return this.link.isReady;
  }

  /** Once. */
  give(title: string, order: Order): void {
    this.frame.title = title;
    this.link.give(order);
  }

  done(signal: AbortSignal): Promise<"shown" | "aborted" | Error> {
    return new Promise((resolve) => {
      const silent = (): void => this.finish(new Error(words.silent(SHOWN_WITHIN_MS / 1000)));
      const timer = setTimeout(silent, SHOWN_WITHIN_MS);
      this.finish = (how) => {
        clearTimeout(timer);
        resolve(how);
      };
      if (signal.aborted) this.finish("aborted");
      signal.addEventListener("abort", () => this.finish("aborted"), { once: true });
    });
  }

  remove(): void {
    this.link.close();
    this.frame.remove();
    this.finish("aborted");
  }

  /** What stands in the frame may send anything: only these few words mean something. */
  private hear(told: Told): void {
    switch (told.kind) {
      case "shown": this.finish("shown"); break;
      case "failed": this.finish(new Error(told.why)); break;
      case "size": [this.width, this.height] = [Math.max(this.width, told.width), told.height]; break;
      case "bokeh": this.note = words.otherBokeh(told.made, bokehVersion); break;
      case "blocked": this.noteBlocked(told.what, told.host); break;
      case "ended": this.end(told.why); break;
    }
    this.onChange();
  }

  private noteBlocked(what: string, host: string): void {
    this.blocked.what.add(what);
    this.blocked.hosts.add(host || words.ownServer);
    this.note = words.blocked([...this.blocked.what], [...this.blocked.hosts]);
  }

  private end(why: string): void {
    this.hasEnded = true;
    this.note = why;
    this.link.close();
    this.frame.remove();
    this.finish(new Error(why));
  }
}
