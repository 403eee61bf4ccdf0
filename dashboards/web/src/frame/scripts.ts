/**
 * Scripts that plotting libraries load from elsewhere, and which of ours stand in for them: the
 * addresses are known, and whatever else the HTML says stays as it is.
 */

export const SCRIPTS = [
  "d3", "mpld3", "bokeh", "bokeh-widgets", "bokeh-tables", "bokeh-gl", "bokeh-mathjax", "bokeh-api",
] as const;
export type ScriptName = (typeof SCRIPTS)[number];

/** In quotes, as in tags and in the calls of loaders. */
const ADDRESS = /(["'])((?:https?:)?\/\/[^"'\s<>\\]{4,300})\1/g;
const SCRIPT_TAG = /<script\b[^>]{0,2000}>/gi;
const INTEGRITY = /\sintegrity\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;
const DOCTYPE = /^\s*<!doctype[^>]*>/i;

const MPLD3 = /\/mpld3(?:@[\d.]+)?(?:\/dist\/mpld3)?(?:\.v[\w.]+?)?(?:\.min)?(?:\.js)?$/;
const D3 = /\/d3(?:\.v|@|\/)(\d+)[\d.]*(?:\/dist)?(?:\/d3)?(?:\.min)?(?:\.js)?$/;
const BOKEH = /\/bokeh(-widgets|-tables|-gl|-mathjax|-api)?-(\d[\w.]*?)(?:\.min)?\.js$/;

export interface Found {
  name: ScriptName;
  /** Of Bokeh, for which the HTML was made. */
  version: string;
}

/** Ours for `address`; null where we have none. D3 3 is only replaced where mpld3 uses it. */
export function scriptAt(address: string, usesMpld3: boolean): Found | null {
  const path = address.split(/[?#]/, 1)[0]!;
  if (MPLD3.test(path)) return { name: "mpld3", version: "" };
  const d3 = D3.exec(path)?.[1];
  if (d3 === "4" || d3 === "5" || (d3 === "3" && usesMpld3)) return { name: "d3", version: "" };
  const bokeh = BOKEH.exec(path);
  return bokeh ? { name: `bokeh${bokeh[1] ?? ""}` as ScriptName, version: bokeh[2]! } : null;
}

/** An HTML text, and the scripts that it wants of us. */
export class Page {
  readonly needs = new Set<ScriptName>();
  /** Of Bokeh, as its addresses say; "" for none. */
  bokeh = "";
  private readonly drawsMpld3: boolean;

  constructor(private readonly html: string) {
    this.drawsMpld3 = html.includes("mpld3.draw_figure(");
    if (this.drawsMpld3) this.needs.add("d3").add("mpld3");
    for (const [, , address] of html.matchAll(ADDRESS)) {
      const found = scriptAt(address!, this.drawsMpld3);
      if (!found) continue;
      this.needs.add(found.name);
      this.bokeh ||= found.version;
    }
  }

  /**
   * The text with our addresses. What mpld3 makes finds its libraries loaded already, so that it
   * draws at once, also where it would have asked for a loader of a notebook. Without a doctype the
   * page would be laid out by the rules of 1998, by which it is never lower than its window.
   */
  text(addressOf: (name: ScriptName) => string): string {
    const html = this.html
      .replace(ADDRESS, (whole, quote: string, address: string) => {
        const found = scriptAt(address, this.drawsMpld3);
        return found ? `${quote}${addressOf(found.name)}${quote}` : whole;
      })
      .replace(SCRIPT_TAG, (tag) => (tag.includes("blob:") ? tag.replace(INTEGRITY, "") : tag));
    const doctype = DOCTYPE.exec(html)?.[0] ?? "";
    const first = this.drawsMpld3 ? (["d3", "mpld3"] as const).map((name) => `<script src="${addressOf(name)}"></script>`) : [];
    return `${doctype || "<!doctype html>"}${first.join("")}${html.slice(doctype.length)}`;
  }
}
