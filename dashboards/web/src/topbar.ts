/** The bar at the top of every page: where one is, whether the page is live, light or dark. */

import { getLogin, logOut } from "./api.ts";
import { homePage, loginPage } from "./base.ts";
import { fill, h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import type { Connection } from "./socket.ts";
import { strings } from "./strings.ts";
import { chooseMode, mode, onMode } from "./theme.ts";

export class TopBar {
  readonly element: HTMLElement;
  private readonly trail = h("ol", { class: "trail" });
  private readonly word = h("span", {}, strings.connection.connecting);
  private readonly light = h("span", { class: "connection", "data-state": "connecting", role: "status", hidden: true },
    h("span", { class: "dot" }), this.word);
  private readonly extra = h("div", { class: "bar-extra" });

  constructor() {
    this.element = h("header", { class: "topbar" },
      h("a", { class: "brand", href: homePage(), "aria-label": `${strings.brand}: ${strings.allRuns}` },
        icon("logo", 22), h("span", {}, strings.brand)),
      h("nav", { class: "trail-box", "aria-label": "Breadcrumb" }, this.trail),
      h("div", { class: "bar-end" }, this.light, this.extra, themeButton()));
    void this.offerLogOut();
  }

  /** Where this page stands: links first, the last one is the page itself. */
  setTrail(steps: readonly { label: string; href?: string }[]): void {
    fill(this.trail, ...steps.map(({ label, href }) =>
      h("li", {}, href ? h("a", { href, title: label }, label)
        : h("span", { "aria-current": "page", title: label }, label))));
  }

  setConnection(state: Connection): void {
    this.light.hidden = false;
    this.light.dataset["state"] = state;
    setText(this.word, strings.connection[state]);
  }

  private async offerLogOut(): Promise<void> {
    const { login, authenticated } = await getLogin().catch(() => ({ login: false, authenticated: false }));
    if (!login || !authenticated) return;
    this.extra.append(h("button", {
      type: "button", class: "button quiet",
      onclick: () => void logOut().finally(() => location.assign(loginPage())),
    }, strings.logOut));
  }
}

function themeButton(): HTMLElement {
  const button = h("button", { type: "button", class: "icon-button" });
  const draw = (): void => {
    const dark = mode() === "dark";
    fill(button, icon(dark ? "sun" : "moon"));
    button.setAttribute("aria-label", dark ? strings.toLight : strings.toDark);
    button.title = dark ? strings.toLight : strings.toDark;
  };
  button.addEventListener("click", () => chooseMode(mode() === "dark" ? "light" : "dark"));
  onMode(draw);
  draw();
  return button;
}
