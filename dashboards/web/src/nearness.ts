/** Tells once of each element that it comes near the window. */

export class Nearness {
  private readonly waiting = new Map<Element, () => void>();
  private readonly observer: IntersectionObserver;

  /** `margin`: how far outside is near, as CSS has it. */
  constructor(margin: string) {
    this.observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.come(target);
    }, { rootMargin: margin });
  }

  watch(element: Element, near: () => void): void {
    this.waiting.set(element, near);
    this.observer.observe(element);
  }

  private come(element: Element): void {
    this.observer.unobserve(element);
    this.waiting.get(element)?.();
    this.waiting.delete(element);
  }
}
