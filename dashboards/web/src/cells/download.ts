/** What is in a cell, for the reader to keep. */

import { base } from "../base.ts";
import type { MenuItem } from "../menu.ts";
import { saveFile } from "../save.ts";
import { isEmpty, typeOf, type Cell } from "./record.ts";
import type { CellRecord } from "./view.ts";
import { words } from "./words.ts";

const DATA_IMAGE = /^data:image\/([a-z]+)/i;
const NAME_LETTERS = 80;

/** Null where there is nothing to keep. */
export function downloadOf(record: CellRecord, cell: Cell): MenuItem | null {
  const { value } = record;
  const type = typeOf(record);
  if (isEmpty(value)) return null;
  if (type === "img" && typeof value === "string") return imageOf(value, cell);
  if (type === "html" && typeof value === "string") return fileOf(value, `${fileName(cell)}.html`, "text/html");
  return fileOf(JSON.stringify(value, null, 2), `${fileName(cell)}.json`, "application/json");
}

const fileOf = (text: string, name: string, type: string): MenuItem =>
  ({ label: words.download, run: () => saveFile(name, new Blob([text], { type })) });

/** An image elsewhere can't be kept by a click: it is opened, and told nothing of this page. */
function imageOf(value: string, cell: Cell): MenuItem | null {
  const data = DATA_IMAGE.exec(value);
  if (data) return { label: words.download, run: () => click(value, `${fileName(cell)}.${data[1] === "jpeg" ? "jpg" : data[1]}`) };
  const address = URL.parse(value, new URL(`${base}/`, location.href));
  if (!address || !/^https?:$/.test(address.protocol)) return null;
  if (address.origin === location.origin) return { label: words.download, run: () => click(address.href, "") };
  return { label: words.openImage, run: () => void window.open(address, "_blank", "noopener,noreferrer") };
}

function click(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** Of letters that every system takes. */
const fileName = (cell: Cell): string =>
  (cell.name || cell.id).replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^\.+/, "").slice(0, NAME_LETTERS) || "cell";
