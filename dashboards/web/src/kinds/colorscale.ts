/** The scale of amounts: from the colour of the card to the one that stands out most from it. */

import theme from "../../../agnez_dashboards/theme.json";
import { mode, type Mode } from "../theme.ts";
import { hexRgb, type Rgb } from "./classcolors.ts";

const SIZE = 256;
const made = new Map<Mode, string[]>();

/** 256 colours `#rrggbb` of the mode which the page is in, from nothing to most. */
export function scalePalette(): readonly string[] {
  const now = mode();
  let palette = made.get(now);
  if (!palette) {
    const stops = theme.scale[now].map((hex) => toLab(hexRgb(hex)));
    palette = Array.from({ length: SIZE }, (_, i) => toHex(fromLab(between(stops, i / (SIZE - 1)))));
    made.set(now, palette);
  }
  return palette;
}

/** The colour of an amount within [0, 1]. */
export const scaleColor = (part: number): string =>
  scalePalette()[Math.round(Math.max(0, Math.min(1, part)) * (SIZE - 1))]!;

/** Text on that colour: the lighter or the darker of the mode's two. */
export function onScale(part: number): string {
  const [r, g, b] = hexRgb(scaleColor(part)).map(linear) as [number, number, number];
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return light > 0.18 ? "#0c0f14" : "#ffffff";
}

type Lab = readonly [number, number, number];

function between(stops: readonly Lab[], part: number): Lab {
  const at = part * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [stops[i]!, stops[i + 1]!];
  return [0, 1, 2].map((k) => a[k]! + (b[k]! - a[k]!) * (at - i)) as unknown as Lab;
}

const linear = (c: number): number => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const gamma = (c: number): number => 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

/** Oklab (Ottosson 2020), in which equal steps look equal. */
function toLab(rgb: Rgb): Lab {
  const [r, g, b] = rgb.map(linear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([L, a, b]: Lab): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const toHex = (rgb: Rgb): string =>
  `#${rgb.map((c) => Math.round(Math.max(0, Math.min(255, c))).toString(16).padStart(2, "0")).join("")}`;
