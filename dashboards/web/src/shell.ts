/** The frame of a page: the bar at its top, what is out of order, and the connection behind both. */

import { Banner } from "./banner.ts";
import { h } from "./dom.ts";
import { Live, type Connection, type LiveEvents, type StoreState } from "./socket.ts";
import { strings } from "./strings.ts";
import { Toasts } from "./toast.ts";
import { TopBar } from "./topbar.ts";

export interface ShellEvents extends Partial<Omit<LiveEvents, "connection" | "store">> {
  /** Connected, for the `first` time or anew: what changed meanwhile is to be asked for. */
  connected(first: boolean): Promise<void>;
}

const SOUND: StoreState = { read_only: null, damage: null };

export class Shell {
  readonly bar = new TopBar();
  readonly banner = new Banner();
  readonly toasts = new Toasts();
  readonly live: Live;
  private wasLive = false;

  constructor(private readonly events: ShellEvents) {
    this.live = new Live({
      ...events, connection: (state) => this.turned(state), store: (state) => this.showStore(state),
    });
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
    this.showStore(SOUND); // whoever is connected is told anew where it is not
    if (state !== "live") return;
    this.banner.hide("offline");
    const first = !this.wasLive;
    this.wasLive = true;
    void this.events.connected(first);
  }

  private showStore({ read_only, damage }: StoreState): void {
    const { banner } = this;
    const title = read_only?.includes("full") ? strings.diskFullTitle : strings.readOnlyTitle;
    if (read_only) banner.show({ kind: "full", title, text: strings.readOnlyText(read_only) });
    else banner.hide("full");
    if (damage) banner.show({ kind: "damage", title: strings.damageTitle, text: damage });
    else banner.hide("damage");
  }
}
