/** The sections of a page as tabs; which one is in front stands in the address, behind the #. */

import { fadeEdges } from "./edges.ts";
import { h, setText } from "./dom.ts";

interface Tab {
  name: string;
  link: HTMLAnchorElement;
  count: HTMLElement;
  panel: HTMLElement;
}

export class Tabs {
  readonly element = h("div", { class: "tabs", role: "tablist" });
  readonly panels = h("div", { class: "panels" });
  private readonly tabs: Tab[] = [];
  private front: Tab | null = null;
  private otherwise = "";

  /** `turned` hears which section is in front from now on. */
  constructor(label: string, private readonly turned: (name: string) => void) {
    this.element.setAttribute("aria-label", label);
    this.element.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.follow());
    fadeEdges(this.element);
  }

  add(name: string, label: string, content: HTMLElement): void {
    const count = h("span", { class: "tab-count" });
    const link = h("a", {
      href: `#${name}`, id: `tab-${name}`, role: "tab", "aria-controls": `panel-${name}`, "aria-selected": "false", tabindex: -1,
    }, label, count);
    const panel = h("div", {
      class: "panel", id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true,
    }, content);
    this.tabs.push({ name, link, count, panel });
    this.element.append(link);
    this.panels.append(panel);
  }

  /** The number behind a name; "" for none. */
  setCount(name: string, count: string): void {
    const tab = this.tabs.find((one) => one.name === name);
    if (tab) setText(tab.count, count);
  }

  /** The section that the address names, else `otherwise`, for which the last one given stands. */
  follow(otherwise = this.otherwise): void {
    this.otherwise = otherwise;
    const named = (name: string): Tab | undefined => this.tabs.find((one) => one.name === name);
    const tab = named(location.hash.slice(1)) ?? named(otherwise);
    if (!tab || tab === this.front) return;
    this.front = tab;
    for (const one of this.tabs) {
      one.panel.hidden = one !== tab;
      one.link.setAttribute("aria-selected", String(one === tab));
      one.link.tabIndex = one === tab ? 0 : -1;
    }
    tab.link.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.turned(tab.name);
  }

  private key(event: KeyboardEvent): void {
    const at = this.tabs.findIndex((one) => one.link === document.activeElement);
    const last = this.tabs.length - 1;
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    this.tabs[next]!.link.focus();
    this.tabs[next]!.link.click();
  }
}
