/** The sections of a run's page, in the order of their tabs. */

import { ArtefactSection } from "./artefacts/section.ts";
import { ChartSection } from "./chartsection.ts";
import { CodeSection } from "./code/section.ts";
import { ConsoleSection } from "./console/section.ts";
import { HostFacts } from "./hostfacts.ts";
import type { ChartContext } from "./numeric.ts";
import type { Preferences } from "./prefs.ts";
import type { Section } from "./section.ts";
import { strings } from "./strings.ts";
import { Toolbar } from "./toolbar.ts";
import { words } from "./words.ts";

/** `counted`: how much is in a section has changed. */
export function sectionsOf(context: ChartContext, prefs: Preferences, cells: Section, counted: () => void): Section[] {
  const drawing = new Toolbar(prefs).element;
  // Figures of the machine have seconds for steps, so that markers have their places by time alone.
  const timed: ChartContext = { ...context, prefs: () => ({ ...context.prefs(), axis: "wall", smoothing: 0 }) };
  return [
    new ChartSection("charts", context, prefs, {
      drawing, nothing: { title: strings.noChartsYet, text: strings.noChartsYetText },
    }),
    cells,
    new ChartSection("media", context, prefs, { nothing: { title: words.noMedia, text: words.noMediaText } }),
    new ConsoleSection(context.run, counted),
    new ChartSection("system", timed, prefs, {
      above: new HostFacts(), nothing: { title: words.noSystem, text: words.noSystemText },
    }),
    new CodeSection(),
    new ArtefactSection(context.run, counted),
  ];
}
