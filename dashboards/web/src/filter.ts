/** Which runs are shown, in which order; it stands in the address, so it can be kept and shared. */

import { columnOf } from "./home/columns.ts";
import type { Run, RunState } from "./model.ts";
import { flatten } from "./params.ts";

/** Orders that are offered by name; a click on a column makes others. */
export const SORTS = ["-created_at", "-updated_at", "name", "state"] as const;
export const STATES: readonly RunState[] = ["running", "finished", "failed", "stopped", "lost"];

export interface Chosen {
  project: string;
  state: RunState | "";
  text: string;
  /** What a column is sorted by, `-` before it is descending. */
  sort: string;
  /** Those in the trash. */
  deleted: boolean;
}

export class Filter {
  constructor(readonly chosen: Readonly<Chosen>) {}

  static fromAddress(search: string): Filter {
    const query = new URLSearchParams(search);
    const state = STATES.find((one) => one === query.get("state")) ?? "";
    const sort = query.get("sort") ?? "";
    return new Filter({
      project: query.get("project") ?? "", state, text: query.get("q") ?? "", sort: isSort(sort) ? sort : SORTS[0],
      deleted: query.get("deleted") === "true",
    });
  }

  with(part: Partial<Chosen>): Filter {
    return new Filter({ ...this.chosen, ...part });
  }

  /** Only what is not the default: "" or "?project=…". */
  address(): string {
    const { project, state, text, sort, deleted } = this.chosen;
    const query = new URLSearchParams();
    if (deleted) query.set("deleted", "true");
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
    const { project, state, text, deleted } = this.chosen;
    const wanted = text.toLowerCase();
    return deleted === !!run.deleted_at && (!project || run.project === project) && (!state || run.state === state)
      && searched(run).some((one) => one.toLowerCase().includes(wanted));
  }

  get isOpen(): boolean {
    return this.address() === "" || this.address().startsWith("?sort=");
  }
}

function isSort(sort: string): boolean {
  const name = sort.replace(/^-/, "");
  return name === "name" || name === "state" || !!columnOf(name)?.sort;
}

/** What a search looks at. */
function searched(run: Run): string[] {
  const params = flatten(run.params ?? {}).map(([name, value]) => `${name}=${value}`);
  return [run.name, run.experiment, run.notes ?? "", ...run.tags, ...params];
}
