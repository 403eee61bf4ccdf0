/** The state of a run, told by shape, word and colour. */

import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import type { RunState } from "./model.ts";
import { strings } from "./strings.ts";

export function stateChip(state: RunState): HTMLElement {
  return h("span", { class: `state state-${state}`, title: strings.stateHelp[state] },
    state === "running" ? h("span", { class: "pulse" }) : icon(state, 12), strings.states[state]);
}
