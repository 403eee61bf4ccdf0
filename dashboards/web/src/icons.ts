/** Drawn on a grid of 16, in the colour of the text. */

import { svg } from "./dom.ts";

const PATHS = {
  logo: "M2 11.5l4-7 3.4 4.8L14 3",
  sun: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.6A5.8 5.8 0 016.4 2.5a5.8 5.8 0 107.1 7.1z",
  enlarge: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.5 4.5M2.5 13.5L7 9",
  shrink: "M13.5 6.5h-4v-4M2.5 9.5h4v4M9.5 6.5L14 2M6.5 9.5L2 14",
  reset: "M2.5 8a5.5 5.5 0 105.5-5.5c-1.8 0-3.4.9-4.4 2.2M3.2 1.8v3.1h3.1",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  search: "M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.2 3.2",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  panel: "M2.5 3h11v10h-11zM10 3v10",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  right: "M6 3.5L10.5 8 6 12.5",
  left: "M10 3.5L5.5 8l4.5 4.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 4.8",
  play: "M5 3.2v9.6l7.5-4.8z",
  pause: "M5.2 3.5v9M10.8 3.5v9",
  plus: "M8 3v10M3 8h10",
  dash: "M3 8h10",
  layers: "M8 2.2l6 3.2-6 3.2-6-3.2zM2.5 8.6L8 11.6l5.5-3M2.5 11.2L8 14.2l5.5-3",
  running: "M8 8h.01",
  finished: "M3.5 8.4l3 3 6-6.4",
  failed: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  stopped: "M5 5h6v6H5z",
  lost: "M8 2.2a5.8 5.8 0 100 11.6A5.8 5.8 0 008 2.2zM8 5v3.3l2.1 1.3",
  unknown: "M6 6.2a2 2 0 113 1.7c-.7.4-1 .8-1 1.6M8 12h.01",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.7 7.2v3.8M9.3 7.2v3.8",
  edit: "M3 13l.7-3L11 2.7l2.3 2.3L6 12.3zM9.5 4.2l2.3 2.3",
  download: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.5h10",
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  columns: "M2.5 3h4.5v10H2.5zM9 3h4.5v10H9z",
  down: "M8 3v10M3.8 8.8L8 13l4.2-4.2",
  disk: "M3.4 2.8h9.2l1.4 6v4.4H2V8.8zM2 9h12M11 11.2h.01",
  damage: "M8 2.4l6.2 11.2H1.8zM8 6.6v3.2M8 11.6h.01",
  offline: "M2 2l12 12M4.5 7.3a6 6 0 012-1.2M11.6 7.4a6 6 0 00-2.4-1.4M6.4 10a3 3 0 013.3.1M8 12.8h.01",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 16): SVGElement {
  const heavy = ["more", "running", "grip"].includes(name);
  return svg("svg", {
    viewBox: "0 0 16 16", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": heavy ? 2.6 : 1.6, "stroke-linecap": "round", "stroke-linejoin": "round",
    "aria-hidden": "true", class: "icon",
  }, svg("path", { d: PATHS[name] }));
}
