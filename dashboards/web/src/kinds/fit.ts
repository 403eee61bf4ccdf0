/** A frame in its place: as wide as that is, or wider and drawn smaller; as high as its content. */

const LEAST_PX = 60;
/** What is higher scrolls inside. */
const MOST_PX = 2000;
/** What would have to be smaller scrolls inside. */
const LEAST_SCALE = 0.5;

export class Fit {
  private frame: HTMLIFrameElement | null = null;
  private width = 0;
  private height = 0;
  /** By the sender; null: as the content needs. */
  private declared: number | null = null;
  private readonly watch = new ResizeObserver(() => this.draw());

  constructor(element: HTMLElement, private readonly stage: HTMLElement) {
    this.stage.style.height = `${LEAST_PX}px`;
    this.watch.observe(element);
  }

  /** A frame behind the one in sight, of its size: it learns how much room there is. */
  prepare(frame: HTMLIFrameElement): void {
    this.place(frame, this.stage.clientWidth, this.stage.clientHeight || LEAST_PX, 1);
  }

  take(frame: HTMLIFrameElement, declared: number | null): void {
    [this.frame, this.declared] = [frame, declared];
  }

  /** What the content needs, in pixels; a width of 0 is any. */
  set(width: number, height: number): void {
    [this.width, this.height] = [width, height];
    this.draw();
  }

  /** No frame is in sight any more. */
  release(): void {
    this.frame = null;
    this.stage.style.height = "0";
  }

  remove(): void {
    this.watch.disconnect();
  }

  private draw(): void {
    const { frame, stage } = this;
    const room = stage.clientWidth;
    if (!frame || room === 0) return;
    const scale = Math.max(LEAST_SCALE, Math.min(1, room / this.width || 1));
    const height = this.declared ?? this.height * scale;
    stage.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, Math.ceil(height)))}px`;
    this.place(frame, room, stage.clientHeight, scale);
  }

  private place(frame: HTMLIFrameElement, width: number, height: number, scale: number): void {
    frame.style.width = `${width / scale}px`;
    frame.style.height = `${height / scale}px`;
    frame.style.transform = scale < 1 ? `scale(${scale})` : "";
  }
}
