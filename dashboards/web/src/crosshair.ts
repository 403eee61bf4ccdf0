/** One reader points at one place: every chart in sight shows the same x, once a browser frame. */

export interface Follower {
  /** null: nowhere. */
  showAt(x: number | null): void;
}

export class Crosshair {
  private readonly followers = new Set<Follower>();
  private x: number | null = null;
  private from: Follower | null = null;
  private scheduled = false;

  follow(follower: Follower): void {
    this.followers.add(follower);
  }

  leave(follower: Follower): void {
    this.followers.delete(follower);
    this.point(null, follower);
  }

  get at(): number | null {
    return this.x;
  }

  /** The chart that the reader points in. */
  get leader(): Follower | null {
    return this.from;
  }

  /** Null from a chart which does not lead takes nothing from the one that does. */
  point(x: number | null, from: Follower): void {
    if (x !== null) this.tell(x, from);
    else if (this.from === from) this.clear();
  }

  clear(): void {
    this.tell(null, null);
  }

  private tell(x: number | null, from: Follower | null): void {
    this.x = x;
    this.from = from;
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      for (const follower of this.followers) follower.showAt(this.x);
    });
  }
}
