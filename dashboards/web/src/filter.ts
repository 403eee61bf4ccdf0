/** Which runs are shown, in which order; it stands in the address, so it can be kept and shared. */

import type { Run, RunState } from "./model.ts";

export const SORTS = ["-created_at", "-updated_at", "name", "state"] as const;
export type Sort = (typeof SORTS)[number];
export const STATES: readonly RunState[] = ["running", "finished", "failed", "stopped", "lost"];

export interface Chosen {
  project: string;
  state: RunState | "";
  text: string;
  sort: Sort;
}

export class Filter {
  constructor(readonly chosen: Readonly<Chosen>) {}

  static fromAddress(search: string): Filter {
    const query = new URLSearchParams(search);
    const state = STATES.find((one) => one === query.get("state")) ?? "";
    const sort = SORTS.find((one) => one === query.get("sort")) ?? SORTS[0];
    return new Filter({ project: query.get("project") ?? "", state, text: query.get("q") ?? "", sort });
  }

  with(part: Partial<Chosen>): Filter {
    return new Filter({ ...this.chosen, ...part });
  }

  /** Only what is not the default: "" or "?project=…". */
  address(): string {
    const { project, state, text, sort } = this.chosen;
    const query = new URLSearchParams();
    if (project) query.set("project", project);
    if (state) query.set("state", state);
    if (text) query.set("q", text);
    if (sort !== SORTS[0]) query.set("sort", sort);
    return query.size > 0 ? `?${query}` : "";
  }

  query(offset: number, limit: number): URLSearchParams {
    const query = new URLSearchParams(this.address());
    query.set("sort", this.chosen.sort);
    query.set("offset", String(offset));
    query.set("limit", String(Math.min(limit, 1000)));
    return query;
  }

  /** Whether the server would list this run. */
  fits(run: Run): boolean {
    const { project, state, text } = this.chosen;
    const wanted = text.toLowerCase();
    return (!project || run.project === project) && (!state || run.state === state)
      && [run.name, run.experiment, ...run.tags].some((one) => one.toLowerCase().includes(wanted));
  }

  get isOpen(): boolean {
    return this.address() === "" || this.address().startsWith("?sort=");
  }
}
