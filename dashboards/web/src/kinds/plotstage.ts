/** A stage that is one Bokeh figure: mounting, size, theme, picture; what it shows is a class's own. */

import { getFigure } from "../api.ts";
import type { ContentParts } from "../content.ts";
import { h } from "../dom.ts";
import type { Shown } from "../entries/panes.ts";
import type { Stage, StageEvents } from "../entries/stage.ts";
import { words } from "../entries/words.ts";
import type { Stroke } from "../figure.ts";
import type { MenuItem } from "../menu.ts";
import { PlotFigure } from "./plotfigure.ts";
import { pngItem } from "./savepng.ts";

export abstract class PlotStage implements Stage {
  readonly element: HTMLElement;
  readonly legend: HTMLElement | null = null;
  readonly tools: readonly HTMLElement[] = [];
  readonly many: boolean = false;
  protected figure: PlotFigure | null = null;
  protected shown: readonly Shown[] = [];
  protected readonly overlay: HTMLElement;
  private readonly place = h("div", { class: "figure" });

  constructor(protected readonly parts: ContentParts, protected readonly events: StageEvents) {
    this.overlay = h("div", {
      class: "overlay", tabindex: 0, role: "group", "aria-label": words.plotHelp(parts.chart.title),
    });
    this.element = h("div", { class: "entry-plot" }, this.place, this.overlay);
    this.overlay.addEventListener("pointermove", (event) => {
      const box = this.overlay.getBoundingClientRect();
      this.point(event.clientX - box.left, event.clientY - box.top);
    });
    this.overlay.addEventListener("pointerleave", () => this.leave());
    this.overlay.addEventListener("blur", () => this.leave());
    this.overlay.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.redraw()).observe(this.place);
  }

  async mount(): Promise<void> {
    if (this.figure) return;
    const { chart, context } = this.parts;
    this.figure = await PlotFigure.mount(await getFigure(context.run, chart.id), this.place);
  }

  async show(shown: readonly Shown[]): Promise<void> {
    this.take(shown);
    this.shown = shown;
    this.redraw();
  }

  paintTheme(): void {
    this.figure?.paintTheme();
    this.redraw();
  }

  exports(): readonly MenuItem[] {
    return [pngItem(this.parts.chart.title, () => this.figure, () => this.strokes())];
  }

  columns(source: string): Record<string, ArrayLike<unknown>> | null {
    return this.figure?.columns(source) ?? null;
  }

  remove(): void {
    this.figure?.remove();
  }

  protected strokes(): readonly Stroke[] {
    return [];
  }

  /** Reads the bodies; throws when they are not what their type promises. */
  protected abstract take(shown: readonly Shown[]): void;
  protected abstract draw(figure: PlotFigure): void;
  /** The reader points here, in pixels of the plot. */
  protected abstract point(x: number, y: number): void;
  protected abstract leave(): void;
  protected abstract walk(dx: number, dy: number): void;

  protected redraw(): void {
    if (this.figure && this.shown.length > 0) this.draw(this.figure);
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.walk(...move);
  }
}
