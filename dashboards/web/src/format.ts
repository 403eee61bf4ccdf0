/** Numbers, durations and dates for people. */

const integers = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const withYear = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});

/** At most `digits` significant digits, a true minus, an exponent where zeros would crowd. */
export function formatValue(value: number | null, digits = 4): string {
  if (value === null) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return minus(shortExponent(value.toExponential(digits - 1)));
  if (Number.isInteger(value)) return minus(integers.format(value));
  if (size >= 10 ** digits) return minus(integers.format(Math.round(value)));
  return minus(value.toPrecision(digits));
}

/** From 0 to 1 with three decimals; what is less than 1 does not look like it. */
export function formatShare(share: number): string {
  if (share < 1 && share >= 0.9995) return ">0.999";
  return Number.isFinite(share) ? share.toFixed(3) : formatValue(share);
}

/** A value of the channel `name`: what counts bytes says so, in the thousands that its axis has. */
export function formatFigure(name: string, value: number | null): string {
  if (value === null || !Number.isFinite(value) || !/(^|[_/])bytes(_per_s)?$/.test(name)) return formatValue(value);
  const [, digits, thousands] = /^([\d.-]+)(.?)$/.exec(formatShort(Math.round(value)))!;
  return `${digits} ${thousands!.replace("B", "G")}B${name.endsWith("_per_s") ? "/s" : ""}`;
}

/** A step: whole ones with separators. */
export function formatStep(value: number): string {
  return Number.isInteger(value) ? minus(integers.format(value)) : minus(String(Number(value.toPrecision(8))));
}

export const formatCount = (count: number): string => integers.format(count);

/** 950, 12.3k, 4.56M. */
export function formatShort(count: number): string {
  for (const [unit, suffix] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]] as const) {
    if (count >= unit * 0.9995) return `${Number((count / unit).toPrecision(3))}${suffix}`;
  }
  return String(count);
}

export function formatBytes(bytes: number): string {
  for (const [unit, suffix] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]] as const) {
    if (bytes >= unit) return `${Number((bytes / unit).toPrecision(3))} ${suffix}`;
  }
  return `${bytes} B`;
}

/** 8s, 4m 05s, 3h 12m, 2d 4h. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${two(Math.floor(s / 60) % 60)}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor(s / 3600) % 24}h`;
}

/** Elapsed time at a cursor, as fine as the range calls for. */
export function formatElapsed(seconds: number): string {
  return Math.abs(seconds) < 60 ? `${Number(seconds.toFixed(2))}s` : formatDuration(seconds);
}

/** 15:04 today, 21 Nov 15:04 this year, with the year before that. */
export function formatMoment(iso: string | null, now = new Date()): string {
  if (iso === null) return "–";
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "–";
  if (at.toDateString() === now.toDateString()) return clock.format(at);
  return (at.getFullYear() === now.getFullYear() ? moment : withYear).format(at);
}

function shortExponent(text: string): string {
  return text.replace(/(\.\d*?)0+e/, "$1e").replace(".e", "e").replace("e+", "e");
}

function minus(text: string): string {
  return text.replaceAll("-", "−");
}
