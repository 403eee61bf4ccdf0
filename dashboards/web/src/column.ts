/** A column of float64 which grows at its end. */
export class Column {
  private buffer = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.buffer.length) this.grow(this.length + 1);
    this.buffer[this.length++] = value;
  }

  extend(values: Float64Array): void {
    if (this.length + values.length > this.buffer.length) this.grow(this.length + values.length);
    this.buffer.set(values, this.length);
    this.length += values.length;
  }

  /** What is in, without a copy: valid until the next push. */
  view(): Float64Array {
    return this.buffer.subarray(0, this.length);
  }

  private grow(least: number): void {
    const larger = new Float64Array(Math.max(least, 2 * this.buffer.length));
    larger.set(this.view());
    this.buffer = larger;
  }
}
