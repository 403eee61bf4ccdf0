/** The packages that were installed where the run ran, with a search. */

import { fill, h } from "../dom.ts";
import { searchField } from "../toolbar.ts";
import { words } from "../words.ts";

export interface Package {
  name: string;
  version: string;
}

/** From lines `name==version`; others are names without a version. */
export function packagesOf(text: string): Package[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [name, ...version] = line.split("==");
    return { name: name!, version: version.join("==") };
  });
}

export function packageList(text: string): HTMLElement {
  const packages = packagesOf(text);
  const list = h("ul", { class: "packages mono" });
  const nothing = h("p", { class: "faint", role: "status" });
  const show = (wanted: string): void => {
    const found = packages.filter((one) => one.name.toLowerCase().includes(wanted.trim().toLowerCase()));
    fill(list, ...found.map(({ name, version }) => h("li", {}, h("span", {}, name), h("span", { class: "faint" }, version))));
    nothing.textContent = found.length === 0 && wanted ? words.noPackages(wanted.trim()) : "";
  };
  show("");
  return h("div", {}, searchField(words.findPackages, show), list, nothing);
}
