/** Which class draws which type of chart. */

import type { Content, ContentParts } from "./content.ts";
import { NumericContent } from "./numericcontent.ts";

type Make = new (parts: ContentParts) => Content;

const KINDS: Readonly<Record<string, Make>> = {
  NUMERIC: NumericContent,
};

export function contentOf(parts: ContentParts): Content {
  const Made = KINDS[parts.chart.type] ?? NumericContent;
  return new Made(parts);
}
