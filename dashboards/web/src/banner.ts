/** A line below the top bar which says what is out of order, and what can be done. */

import { fill, h } from "./dom.ts";
import { icon, type IconName } from "./icons.ts";

export interface Notice {
  kind: "offline" | "full" | "damage" | "lost" | "failed" | "trash";
  title: string;
  text: string;
  action?: { label: string; run: () => void };
}

const ICONS: Record<Notice["kind"], IconName> = {
  offline: "offline", full: "disk", damage: "damage", lost: "lost", failed: "failed", trash: "trash",
};

export class Banner {
  readonly element = h("div", { class: "banners", role: "status" });
  private readonly notices = new Map<Notice["kind"], Notice>();

  show(notice: Notice): void {
    this.notices.set(notice.kind, notice);
    this.draw();
  }

  hide(kind: Notice["kind"]): void {
    if (this.notices.delete(kind)) this.draw();
  }

  private draw(): void {
    fill(this.element, ...[...this.notices.values()].map((notice) =>
      h("div", { class: `banner banner-${notice.kind}` }, icon(ICONS[notice.kind]),
        h("p", {}, h("strong", {}, notice.title), " ", notice.text),
        notice.action && h("button", { type: "button", class: "button small", onclick: notice.action.run },
          notice.action.label))));
  }
}
