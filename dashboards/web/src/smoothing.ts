/**
 * Exponential moving average of points at uneven distances.
 *
 * A point counts for the stretch since the one before it, so that a curve sampled every 60 steps
 * and one sampled every step are smoothed over the same distance; the sum of weights divides, so
 * the start is not drawn towards zero. `factor` in [0, 1) is what remains of a weight after `unit`.
 * NaN and infinities are passed through and leave the average as it was.
 */
export function smooth(x: Float64Array, y: Float64Array, factor: number, unit: number): Float64Array {
  const out = new Float64Array(y.length);
  let sum = 0;
  let weight = 0;
  let before = NaN;
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) {
      out[i] = value;
      continue;
    }
    const distance = Number.isNaN(before) ? unit : Math.abs(x[i]! - before);
    const keep = factor ** Math.max(distance / unit, LEAST_STEP);
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    out[i] = sum / weight;
    before = x[i]!;
  }
  return out;
}

// Points at the same place would count for nothing.
const LEAST_STEP = 1e-3;
