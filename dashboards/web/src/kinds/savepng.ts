/** A plot of entries as a picture that stands alone. */

import { drawPicture, pngOf } from "../picture.ts";
import type { Stroke } from "../figure.ts";
import { saveFile } from "../save.ts";
import { strings } from "../strings.ts";
import type { MenuItem } from "../menu.ts";
import type { PlotFigure } from "./plotfigure.ts";

export function pngItem(title: string, figure: () => PlotFigure | null, strokes: () => readonly Stroke[] = () => []): MenuItem {
  return { label: strings.savePng, run: () => void save(title, figure(), strokes()) };
}

async function save(title: string, figure: PlotFigure | null, strokes: readonly Stroke[]): Promise<void> {
  if (!figure) return;
  saveFile(`${title}.png`, await pngOf(drawPicture(title, strokes, figure.drawn(), devicePixelRatio)));
}
