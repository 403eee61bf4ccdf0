/** One reader points at one place: every chart in sight shows the same x, once a browser frame. */

export interface Follower {
  /** null: nowhere. */
  showAt(x: number | null): void;
}

export class Crosshair {
  private readonly followers = new Set<Follower>();
  private x: number | null = null;
  private scheduled = false;

  follow(follower: Follower): void {
    this.followers.add(follower);
  }

  leave(follower: Follower): void {
    this.followers.delete(follower);
  }

  get at(): number | null {
    return this.x;
  }

  point(x: number | null): void {
    this.x = x;
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      for (const follower of this.followers) follower.showAt(this.x);
    });
  }
}
