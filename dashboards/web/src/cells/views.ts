/** Which view shows which type of cell. */

import { HtmlView } from "./htmlview.ts";
import { ImgView } from "./imgview.ts";
import type { CellView } from "./view.ts";

/** Null where there is none for the type. */
export function viewOf(type: string): CellView | null {
  if (type === "html") return new HtmlView();
  return type === "img" ? new ImgView() : null;
}
