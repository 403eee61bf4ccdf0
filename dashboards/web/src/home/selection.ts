/** Which runs the reader has chosen, in the order of the list; those that are far away last. */

export class Selection {
  private readonly chosen = new Set<string>();
  private last: string | null = null;

  constructor(private readonly order: () => readonly string[], private readonly changed: () => void) {}

  get ids(): string[] {
    return [...new Set([...this.order().filter((id) => this.chosen.has(id)), ...this.chosen])];
  }

  /** It is no more in the list. */
  forget(id: string): void {
    if (this.chosen.delete(id)) this.changed();
  }

  has(id: string): boolean {
    return this.chosen.has(id);
  }

  /** `through`: with all between it and the one chosen before. */
  turn(id: string, on: boolean, through: boolean): void {
    const order = this.order();
    const [a, b] = [order.indexOf(this.last ?? id), order.indexOf(id)];
    const range = through && a >= 0 && b >= 0 ? order.slice(Math.min(a, b), Math.max(a, b) + 1) : [id];
    for (const one of range) this.put(one, on);
    this.last = id;
    this.changed();
  }

  turnAll(on: boolean): void {
    for (const one of this.order()) this.put(one, on);
    this.changed();
  }

  clear(): void {
    this.chosen.clear();
    this.last = null;
    this.changed();
  }

  /** "all", "some" or "none" of the list. */
  get extent(): "all" | "some" | "none" {
    const order = this.order();
    if (this.chosen.size === 0) return "none";
    const count = order.filter((id) => this.chosen.has(id)).length;
    return count === order.length ? "all" : "some";
  }

  private put(id: string, on: boolean): void {
    if (on) this.chosen.add(id);
    else this.chosen.delete(id);
  }
}
