/** The frame of a page: the bar at its top, what is out of order, and the connection behind both. */

import { Banner } from "./banner.ts";
import { h } from "./dom.ts";
import { Live, type Connection, type LiveEvents } from "./socket.ts";
import { strings } from "./strings.ts";
import { Toasts } from "./toast.ts";
import { TopBar } from "./topbar.ts";

export interface ShellEvents extends Partial<Omit<LiveEvents, "connection">> {
  /** Connected, for the `first` time or anew: what changed meanwhile is to be asked for. */
  connected(first: boolean): Promise<void>;
}

export class Shell {
  readonly bar = new TopBar();
  readonly banner = new Banner();
  readonly toasts = new Toasts();
  readonly live: Live;
  private wasLive = false;

  constructor(private readonly events: ShellEvents) {
    this.live = new Live({ ...events, connection: (state) => this.turned(state) });
  }

  /** The page with `content` below its bar. */
  around(name: string, ...content: HTMLElement[]): HTMLElement {
    return h("div", { class: `shell ${name}` }, this.bar.element, this.banner.element, ...content, this.toasts.element);
  }

  private turned(state: Connection): void {
    this.bar.setConnection(state);
    if (state === "offline") {
      this.banner.show({
        kind: "offline", title: strings.offlineTitle, text: strings.offlineText,
        action: { label: strings.retry, run: () => this.live.retry() },
      });
    }
    if (state !== "live") return;
    this.banner.hide("offline");
    const first = !this.wasLive;
    this.wasLive = true;
    void this.events.connected(first);
  }
}
