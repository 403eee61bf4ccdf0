/** Where ticks stand and what they say: 1-2-5 steps on linear, log and time axes. */

export interface Tick {
  at: number;
  label: string;
}

/** About `wanted` round places within [lo, hi]; `whole`: none between whole numbers. */
export function linearTicks(lo: number, hi: number, wanted: number, whole = false): Tick[] {
  if (!(hi > lo)) return [];
  const step = Math.max(whole ? 1 : 0, niceStep((hi - lo) / Math.max(1, wanted)));
  return multiples(lo, hi, step).map((at) => ({ at, label: tickLabel(at, step) }));
}

/** Powers of ten; with few decades in sight 1-2-5; within one decade round linear places. */
export function logTicks(lo: number, hi: number, wanted: number): Tick[] {
  if (!(hi > lo && lo > 0)) return [];
  const decades = Math.log10(hi / lo);
  const mantissas = decades * 3 <= wanted + 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, wanted)));
  const ticks: Tick[] = [];
  for (let power = Math.floor(Math.log10(lo)); power <= Math.ceil(Math.log10(hi)); power++) {
    if (power % stride !== 0) continue;
    for (const mantissa of mantissas) {
      const at = Number(`${mantissa}e${power}`);
      if (at >= lo && at <= hi) ticks.push({ at, label: powerLabel(mantissa, power) });
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(lo, hi, wanted);
}

/** Elapsed seconds: 1-2-5 below a second, then the steps of clocks and calendars. */
export function timeTicks(lo: number, hi: number, wanted: number): Tick[] {
  if (!(hi > lo)) return [];
  const rough = (hi - lo) / Math.max(1, wanted);
  if (rough < 1) {
    const step = niceStep(rough);
    return multiples(lo, hi, step).map((at) => ({ at, label: `${tickLabel(at, step)}s` }));
  }
  const day = 86_400;
  const step = CLOCK_STEPS.find((s) => s >= rough) ?? niceStep(rough / day) * day;
  return multiples(lo, hi, step).map((at) => ({ at, label: clockLabel(at, step) }));
}

const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
  43_200, 86_400];

/** The smallest of 1, 2, 5 times a power of ten that is at least `rough`. */
export function niceStep(rough: number): number {
  const power = Math.floor(Math.log10(rough));
  for (const [mantissa, next] of [[1, 0], [2, 0], [5, 0], [1, 1]] as const) {
    const step = Number(`${mantissa}e${power + next}`);
    if (step >= rough * (1 - 1e-9)) return step;
  }
  return Number(`1e${power + 1}`);
}

function multiples(lo: number, hi: number, step: number): number[] {
  const first = Math.ceil(lo / step - 1e-9);
  const last = Math.floor(hi / step + 1e-9);
  const places: number[] = [];
  for (let k = first; k <= last && places.length < 1000; k++) places.push(clean(k * step));
  return places;
}

/** Without the dust of binary fractions: 0.30000000000000004 is 0.3. */
function clean(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(12));
}

const SUFFIXES: readonly [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

function tickLabel(at: number, step: number): string {
  const size = Math.max(Math.abs(at), step);
  if (at === 0) return "0";
  if (size < 1e-4) return exponent(at, step);
  for (const [unit, suffix] of SUFFIXES) {
    if (size >= 10 * unit || (size >= unit && step >= unit / 10)) {
      return minus(trimmed(fixed(at / unit, step / unit))) + suffix;
    }
  }
  return minus(fixed(at, step));
}

/** As many decimals as the step needs. */
function fixed(value: number, step: number): string {
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return value.toFixed(decimals);
}

/** 1.0k beside 1.5k is 1k: the suffix already sets such labels apart. */
function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function exponent(at: number, step: number): string {
  const power = Math.floor(Math.log10(Math.abs(at)) + 1e-9);
  const mantissa = fixed(at / 10 ** power, step / 10 ** power);
  return minus(`${mantissa}e${power}`);
}

function powerLabel(mantissa: number, power: number): string {
  if (power < -4 || power > 14) return minus(`${mantissa}e${power}`);
  return tickLabel(Number(`${mantissa}e${power}`), Number(`1e${power}`));
}

function minus(text: string): string {
  return text.replaceAll("-", "\u2212");
}

function clockLabel(at: number, step: number): string {
  const sign = at < 0 ? "\u2212" : "";
  const s = Math.abs(at);
  if (at === 0) return "0";
  if (step >= 86_400) return `${sign}${Math.round(s / 86_400)}d`;
  const [days, hours, minutes, seconds] =
    [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, Math.round(s % 60)];
  const parts = [days && `${days}d`, hours && `${hours}h`, minutes && `${minutes}m`,
    seconds && `${seconds}s`].filter(Boolean);
  return sign + parts.join(" ");
}
