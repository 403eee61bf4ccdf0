/** FIGURE: a picture made by a plotting library, or a Bokeh document in its sandbox. */

import { blobAddress, getBlobText } from "../entries/api.ts";
import type { Body, FigureBody } from "../entries/bodies.ts";
import type { Pane } from "../entries/panes.ts";
import type { PaneKind, Viewer } from "../entries/panestage.ts";
import type { Place } from "../entries/timeline.ts";
import { words } from "../entries/words.ts";
import { fill, h } from "../dom.ts";
import { formatStep } from "../format.ts";
import type { MenuItem } from "../menu.ts";
import { openLightbox } from "./lightbox.ts";
import { SandboxFrame } from "./sandbox.ts";

const IMAGES = { svg: "image/svg+xml", png: "image/png" } as const;

export class FigureKind implements PaneKind {
  readonly tools = [];

  viewer(pane: Pane): Viewer {
    return new FigureViewer(pane.name);
  }
}

class FigureViewer implements Viewer {
  readonly element = h("div", { class: "figure-view" });
  private frame: SandboxFrame | null = null;
  private body: FigureBody | null = null;

  constructor(private readonly name: string) {}

  async show(body: Body, place: Place, signal: AbortSignal): Promise<void> {
    const figure = body as unknown as FigureBody;
    if (figure.sha256 === this.body?.sha256) return;
    if (figure.format === "bokeh") await this.showBokeh(figure, signal);
    else if (figure.format in IMAGES) await this.showImage(figure, place, signal);
    else throw new RangeError(`a figure in the format ${String(figure.format)} is not known`);
    if (!signal.aborted) this.body = figure;
  }

  exports(): readonly MenuItem[] {
    const { body, name } = this;
    if (!body) return [];
    const file = `${name}.${body.format === "bokeh" ? "json" : body.format}`;
    return [{ label: words.save(file), href: blobAddress(body, file) }];
  }

  remove(): void {
    this.frame?.remove();
  }

  private async showBokeh(figure: FigureBody, signal: AbortSignal): Promise<void> {
    const item: unknown = JSON.parse(await getBlobText(figure, signal));
    if (signal.aborted) return;
    this.frame ??= new SandboxFrame(words.figure(this.name));
    if (this.element.firstChild !== this.frame.element) fill(this.element, this.frame.element);
    await this.frame.show({ kind: "bokeh", item }, figure.height ?? null, signal);
  }

  /** As an image no script of an SVG runs. */
  private async showImage(figure: FigureBody, place: Place, signal: AbortSignal): Promise<void> {
    const alt = `${words.figure(this.name)}, ${words.stepOf(formatStep(place.x))}`;
    const image = h("img", { src: blobAddress(figure), alt, class: "figure-image" });
    await image.decode();
    if (signal.aborted) return;
    this.frame?.remove();
    this.frame = null;
    fill(this.element, h("button", {
      type: "button", class: "image-button", title: words.figureZoom, "aria-label": words.figureZoom,
      onclick: () => openLightbox({
        title: alt, width: figure.width || image.naturalWidth, height: figure.height || image.naturalHeight,
        content: () => h("img", { src: image.src, alt }), smooth: true,
      }),
    }, image));
  }
}
