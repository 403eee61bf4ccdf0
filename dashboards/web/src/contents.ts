/** Which class draws which type of chart. */

import type { Content, ContentParts } from "./content.ts";
import { EntryContent, type MakeStage } from "./entries/content.ts";
import { inPanes } from "./entries/panestage.ts";
import { AudioKind } from "./kinds/audio.ts";
import { CurveStage, PR, ROC } from "./kinds/curves.ts";
import { FigureKind } from "./kinds/figure.ts";
import { HistogramContent } from "./kinds/histogram.ts";
import { HtmlKind } from "./kinds/html.ts";
import { ImageKind } from "./kinds/image.ts";
import { MatrixStage } from "./kinds/matrix.ts";
import { TableKind } from "./kinds/table.ts";
import { TextKind } from "./kinds/text.ts";
import { VideoKind } from "./kinds/video.ts";
import { NumericContent } from "./numericcontent.ts";

type Make = (parts: ContentParts) => Content;

const entries = (make: MakeStage): Make => (parts) => new EntryContent(parts, make);

const KINDS: Readonly<Record<string, Make>> = {
  NUMERIC: (parts) => new NumericContent(parts),
  HISTOGRAM: (parts) => new HistogramContent(parts),
  IMAGE: entries(inPanes(() => new ImageKind())),
  TEXT: entries(inPanes(() => new TextKind())),
  TABLE: entries(inPanes(() => new TableKind())),
  AUDIO: entries(inPanes(() => new AudioKind())),
  VIDEO: entries(inPanes(() => new VideoKind())),
  HTML: entries(inPanes(() => new HtmlKind())),
  FIGURE: entries(inPanes(() => new FigureKind())),
  PR_CURVE: entries((parts, events) => new CurveStage(parts, events, PR)),
  ROC_CURVE: entries((parts, events) => new CurveStage(parts, events, ROC)),
  CONFUSION_MATRIX: entries((parts, events) => new MatrixStage(parts, events)),
};

/** Throws a RangeError for a type that this page can't draw: the server is newer than it. */
export function contentOf(parts: ContentParts): Content {
  const make = KINDS[parts.chart.type];
  if (!make) throw new RangeError(`charts of type ${parts.chart.type} can't be drawn by this page`);
  return make(parts);
}
