/** Which view shows which type of cell. */

import { HtmlView } from "./htmlview.ts";
import { ImgView } from "./imgview.ts";
import type { CellView } from "./view.ts";

/** Null where there is none for the type, which stands in small letters. */
export function viewOf(type: string): CellView | null {
  if (type === "html") return new HtmlView();
  return type === "img" ? new ImgView() : null;
}

/** Whether it is given up far out of sight: a frame holds a document with all its scripts. */
export const isCostly = (type: string): boolean => type === "html";
