/** How loud a sound is from one part to the next. */

export interface Peaks {
  /** Within [-1, 1]. */
  low: Float32Array;
  high: Float32Array;
}

/** The extremes of `bars` equal parts over all channels; fewer parts than bars where it is short. */
export function peaksOf(channels: readonly Float32Array[], bars: number): Peaks {
  const length = channels[0]?.length ?? 0;
  const parts = Math.min(bars, length);
  const low = new Float32Array(parts);
  const high = new Float32Array(parts);
  for (let part = 0; part < parts; part++) {
    const [from, to] = [Math.floor((part * length) / parts), Math.floor(((part + 1) * length) / parts)];
    for (const samples of channels) {
      for (let i = from; i < to; i++) {
        const value = Math.max(-1, Math.min(1, samples[i]!));
        if (value < low[part]!) low[part] = value;
        if (value > high[part]!) high[part] = value;
      }
    }
  }
  return { low, high };
}
