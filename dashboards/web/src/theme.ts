/** Light or dark: what the system prefers, or what was chosen here. */

import theme from "../../agnez_dashboards/theme.json";

export type Mode = "light" | "dark";
type Token = keyof typeof theme.light;

const KEY = "agnez.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function mode(): Mode {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return prefersDark.matches ? "dark" : "light";
}

export function chooseMode(chosen: Mode): void {
  document.documentElement.dataset["theme"] = chosen;
  localStorage.setItem(KEY, chosen);
  for (const listener of listeners) listener();
}

/** Calls `listener` whenever the mode changes. */
export function onMode(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A colour of the mode the page is in. */
export const token = (name: Token): string => theme[mode()][name];

/** The colour to draw a stroke with; one that is not of the palette stays as it is. */
export function strokeColor(color: string): string {
  const stroke = theme.palette.find((one) => one.light === color.toLowerCase());
  return stroke ? stroke[mode()] : color;
}

prefersDark.addEventListener("change", () => {
  for (const listener of listeners) listener();
});
