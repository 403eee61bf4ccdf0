/** What a reader may take along from a chart: its picture, its points. */

import { api } from "./base.ts";
import { h } from "./dom.ts";
import type { Stroke } from "./figure.ts";
import type { MenuItem } from "./menu.ts";
import type { NumericChart } from "./numeric.ts";
import { drawPicture, pngOf } from "./picture.ts";
import { strings } from "./strings.ts";

const REVOKE_AFTER_MS = 60_000;

export function exportsOf(view: NumericChart): MenuItem[] {
  // Without a limit the server sends every point, as a file that it has named.
  const files = view.channels.map(({ id, name }): MenuItem =>
    ({ label: strings.saveCsv(name), href: api(`/channels/${encodeURIComponent(id)}/raw?format=csv`) }));
  return [{ label: strings.savePng, run: () => void savePng(view) }, ...files];
}

async function savePng(view: NumericChart): Promise<void> {
  const figure = view.mounted;
  if (!figure) return;
  const picture = await pngOf(drawPicture(view.chart.title, strokesOf(view, figure.strokes), figure.picture(), devicePixelRatio));
  const address = URL.createObjectURL(picture);
  h("a", { href: address, download: `${view.chart.title}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}

/** What is drawn, each with its name: of many ranks the mean, and those that were chosen. */
function strokesOf(view: NumericChart, strokes: readonly Stroke[]): Stroke[] {
  return strokes.filter(({ number }) => !view.hidden.has(number)).flatMap((stroke) => {
    const members = view.feed.bands.get(stroke.number)?.ranks.length;
    if (members === undefined) return [stroke];
    const chosen = view.lines.get(stroke.number)?.ranks.filter(({ color }) => color !== null) ?? [];
    return [
      { ...stroke, name: `${stroke.name}, ${strings.meanOf(members)}` },
      ...chosen.map(({ rank, color }) => ({ ...stroke, name: strings.rankNumber(rank), color: color!, dash: [] })),
    ];
  });
}
