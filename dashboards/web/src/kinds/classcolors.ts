/** A colour for each class of an image: bright ones, for they lie on pictures in either mode. */

import theme from "../../../agnez_dashboards/theme.json";

export type Rgb = readonly [number, number, number];

/** Consecutive classes get colours far apart. */
const GOLDEN_ANGLE = 137.508;

export function classRgb(id: number): Rgb {
  const stroke = theme.palette[id];
  return stroke ? hexRgb(stroke.dark) : hslRgb((id * GOLDEN_ANGLE) % 360, 0.72, 0.62);
}

export const classColor = (id: number): string => `rgb(${classRgb(id).join(" ")})`;

export function hexRgb(hex: string): Rgb {
  const n = parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

function hslRgb(hue: number, saturation: number, light: number): Rgb {
  const a = saturation * Math.min(light, 1 - light);
  const part = (n: number): number => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}
