/** How large the content of the frame is, told whenever that changes. */

const FREE = "html,body{height:auto!important;min-height:0!important}";
/** Growths without a change of the content that are followed: it may grow with its window for ever. */
const MOST_ECHOES = 3;

export class SizeWatch {
  private readonly free = new CSSStyleSheet();
  private readonly resized = new ResizeObserver(() => this.look());
  private readonly mutated = new MutationObserver(() => {
    this.echoes = 0;
    this.watch();
  });
  private readonly watched = new Set<Element>();
  private waits = false;
  private told = { width: 0, height: 0 };
  /** What overflows below the natural height, as of an element with a place of its own. */
  private below = { natural: 0, extra: 0 };
  private echoes = 0;

  constructor(private readonly tell: (width: number, height: number) => void) {
    this.free.replaceSync(FREE);
  }

  start(): void {
    this.mutated.observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
    window.addEventListener("resize", () => this.look());
    this.watch();
    this.measure();
  }

  private watch(): void {
    const now = [document.documentElement, document.body, ...(document.body?.children ?? [])].filter(Boolean);
    for (const element of now.slice(0, 100)) {
      if (this.watched.has(element)) continue;
      this.watched.add(element);
      this.resized.observe(element);
    }
    this.look();
  }

  /** Once a frame; where none is drawn, soon. */
  private look(): void {
    if (this.waits) return;
    this.waits = true;
    let isDone = false;
    const measure = (): void => {
      if (isDone) return;
      isDone = true;
      this.waits = false;
      this.measure();
    };
    requestAnimationFrame(measure);
    setTimeout(measure, 200);
  }

  private measure(): void {
    const root = document.documentElement;
    if (!root) return;
    const natural = Math.ceil(this.naturalHeight(root));
    if (natural !== this.below.natural) this.below = { natural, extra: 0 };
    if (root.scrollHeight > innerHeight + 1) this.below.extra = Math.max(this.below.extra, root.scrollHeight - natural);
    const height = natural + this.below.extra;
    const width = root.scrollWidth > innerWidth + 1 ? root.scrollWidth : 0;
    if (height === this.told.height && (width === this.told.width || width === 0)) return;
    if (height > this.told.height && this.told.height > 0 && ++this.echoes > MOST_ECHOES) return;
    this.told = { width, height };
    this.tell(width, height);
  }

  /** That of the content also where the page is told to be as high as its window. */
  private naturalHeight(root: HTMLElement): number {
    if (![root, document.body].some(isBound)) return root.getBoundingClientRect().height;
    const before = document.adoptedStyleSheets;
    document.adoptedStyleSheets = [...before, this.free];
    const height = root.getBoundingClientRect().height;
    document.adoptedStyleSheets = before;
    return height;
  }
}

/** Whether the height of `element` may depend on that of the window. */
function isBound(element: HTMLElement | null): boolean {
  const styles = element?.computedStyleMap?.();
  if (!styles) return !!element;
  return String(styles.get("height")) !== "auto" || !["auto", "0px"].includes(String(styles.get("min-height")));
}
