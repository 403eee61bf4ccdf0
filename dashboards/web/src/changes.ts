/** What a reader may change of runs. What was done can be undone, what was refused says why. */

import { ApiError, getLogin, isServerTrouble } from "./api.ts";
import type { Run } from "./model.ts";
import { deleteRun, patchRun, purgeRun, restoreRun, type RunPatch } from "./runapi.ts";
import type { Toasts } from "./toast.ts";
import { words } from "./words.ts";

export interface Rights {
  change: boolean;
  remove: boolean;
}

export class Changes {
  /** `changed`: the server has taken something. */
  constructor(private readonly toasts: Toasts, private readonly changed: () => void = () => undefined) {}

  /** What this reader may do: on a server that asks for a login, not everyone may change or delete. */
  async rights(): Promise<Rights> {
    const { scope } = await getLogin().catch(() => ({ scope: null }));
    return { change: scope === "write" || scope === "admin", remove: scope === "admin" };
  }

  /** The run as it is now; null when it was refused. */
  async patch(run: string, patch: RunPatch): Promise<Run | null> {
    return this.tried(() => patchRun(run, patch));
  }

  /** `what` names them to the reader. */
  async toTrash(runs: readonly string[], what: string): Promise<boolean> {
    const done = await this.tried(() => each(runs, deleteRun));
    if (done === null) return false;
    this.toasts.show({ text: words.movedToTrash(what), action: { label: words.undo, run: () => void this.restore(runs, what) } });
    return true;
  }

  async restore(runs: readonly string[], what: string): Promise<boolean> {
    const done = await this.tried(() => each(runs, restoreRun));
    if (done !== null) this.toasts.show({ text: words.restored(what) });
    return done !== null;
  }

  async purge(runs: readonly string[]): Promise<boolean> {
    return (await this.tried(() => each(runs, purgeRun))) !== null;
  }

  private async tried<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      const why = error instanceof ApiError ? error.message : words.serverAway;
      this.toasts.show({ text: words.refused(why), isError: true });
      return null;
    } finally {
      this.changed();
    }
  }
}

/** One after the other: hundreds at once would be refused. */
async function each(runs: readonly string[], act: (run: string) => Promise<void>): Promise<true> {
  for (const run of runs) await act(run);
  return true;
}
