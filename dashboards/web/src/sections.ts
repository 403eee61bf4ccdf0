/** The sections of a run's page, in the order of their tabs. */

import { ChartSection } from "./chartsection.ts";
import type { Run } from "./model.ts";
import type { ChartContext } from "./numeric.ts";
import type { Preferences } from "./prefs.ts";
import type { Section } from "./section.ts";
import { strings } from "./strings.ts";
import { Toolbar } from "./toolbar.ts";
import { words } from "./words.ts";

export function sectionsOf(_run: Run, context: ChartContext, prefs: Preferences): Section[] {
  const drawing = new Toolbar(prefs).element;
  return [
    new ChartSection("charts", context, prefs, {
      drawing, nothing: { title: strings.noChartsYet, text: strings.noChartsYetText },
    }),
    new ChartSection("media", context, prefs, { nothing: { title: words.noMedia, text: words.noMediaText } }),
    new ChartSection("system", context, prefs, { drawing, nothing: { title: words.noSystem, text: words.noSystemText } }),
  ];
}
