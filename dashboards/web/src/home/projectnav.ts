/** The projects beside the list, the trash below them, and how much disk all of it takes. */

import { getJson, isServerTrouble } from "../api.ts";
import { homePage } from "../base.ts";
import { fill, h, setText } from "../dom.ts";
import { fadeEdges } from "../edges.ts";
import { formatBytes, formatCount } from "../format.ts";
import { icon } from "../icons.ts";
import type { Project } from "../model.ts";
import { strings } from "../strings.ts";
import { words } from "../words.ts";

export interface Place {
  project: string;
  deleted: boolean;
}

export class ProjectNav {
  private readonly links = h("ul", {});
  private readonly disk = h("p", { class: "disk" });
  readonly element = h("nav", { class: "projects", "aria-label": strings.projects },
    h("h2", {}, strings.projects), this.links, this.disk);
  private place: Place = { project: "", deleted: false };

  constructor(private readonly chosen: (place: Place) => void) {
    fadeEdges(this.element);
  }

  show(projects: readonly Project[]): void {
    const sum = (of: "runs" | "running"): number => projects.reduce((total, one) => total + one[of], 0);
    fill(this.links, this.projectLink("", strings.allProjects, sum("runs"), sum("running")),
      ...projects.map((one) => this.projectLink(one.name, one.name, one.runs, one.running)),
      this.link({ project: "", deleted: true }, [icon("trash", 14), h("span", { class: "project-name" }, words.trash)], words.trash));
    this.mark(this.place);
    void this.showDisk();
  }

  mark(place: Place): void {
    this.place = place;
    for (const link of this.links.querySelectorAll("a")) {
      const isHere = (link.dataset["trash"] === "true") === place.deleted && (place.deleted || link.dataset["project"] === place.project);
      if (isHere) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  private projectLink(project: string, label: string, runs: number, running: number): HTMLElement {
    return this.link({ project, deleted: false }, [
      h("span", { class: "project-name" }, label),
      running > 0 && h("span", {
        class: "project-running", role: "img", title: strings.runningCount(running), "aria-label": strings.runningCount(running),
      }, h("span", { class: "pulse" })),
      h("span", { class: "project-count", title: strings.runCount(formatCount(runs)) }, formatCount(runs)),
    ], label);
  }

  private link(place: Place, content: (Node | false)[], title: string): HTMLElement {
    const address = place.deleted ? "?deleted=true" : place.project && `?project=${encodeURIComponent(place.project)}`;
    const link = h("a", { href: homePage(address), "data-project": place.project, "data-trash": String(place.deleted), title }, ...content);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.chosen(place);
    });
    return h("li", { class: place.deleted ? "trash-item" : null }, link);
  }

  private async showDisk(): Promise<void> {
    try {
      const { file_bytes, log_bytes, blob_bytes } = await getJson<{ file_bytes?: number; log_bytes?: number; blob_bytes?: number }>("/stats");
      setText(this.disk, words.diskUsed(formatBytes((file_bytes ?? 0) + (log_bytes ?? 0) + (blob_bytes ?? 0))));
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
    }
  }
}
