/** CONFUSION_MATRIX: rows are the truth, columns the prediction, of the chosen step. */

import type { ContentParts } from "../content.ts";
import type { MatrixBody } from "../entries/bodies.ts";
import type { Shown } from "../entries/panes.ts";
import type { StageEvents } from "../entries/stage.ts";
import { words } from "../entries/words.ts";
import { formatCount, formatShort, formatValue } from "../format.ts";
import { token } from "../theme.ts";
import type { Tick } from "../ticks.ts";
import { segmented } from "../toolbar.ts";
import { onScale, scaleColor } from "./colorscale.ts";
import type { PlotFigure } from "./plotfigure.ts";
import { PlotStage } from "./plotstage.ts";

type Form = "counts" | "shares";

/** A cell has room for its figure from this height on. */
const FIGURE_PX = 15;
const DIGIT_PX = 6.8;
const GAP_PX = 2;
const LABEL_PX = { across: 22, down: 15 };
const LETTER_PX = 6.4;
const LONGEST_LABEL = 18;

export class MatrixStage extends PlotStage {
  override readonly tools: readonly HTMLElement[];
  private form: Form = "counts";
  private labels: readonly string[] = [];
  private counts: readonly (readonly number[])[] = [];
  private sums: readonly number[] = [];
  private most = 1;
  private at: [number, number] | null = null;

  constructor(parts: ContentParts, events: StageEvents) {
    super(parts, events);
    const form = segmented<Form>(words.matrixForm, "counts", [["counts", words.counts], ["shares", words.shares]], (one) => {
      this.form = one;
      this.redraw();
    });
    form.classList.add("small");
    this.tools = [form];
  }

  protected take(shown: readonly Shown[]): void {
    const body = shown[0]?.body as unknown as MatrixBody | null;
    if (!body) return;
    const { labels, counts } = body;
    if (!Array.isArray(counts) || counts.length !== labels?.length || counts.some((row) => row.length !== labels.length)) {
      throw new RangeError("the labels of this matrix don't fit its counts");
    }
    this.labels = labels.map(String);
    this.counts = counts;
    this.sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
    this.most = Math.max(1, ...counts.map((row) => Math.max(...row)));
  }

  protected draw(figure: PlotFigure): void {
    const n = this.labels.length;
    const { width, height } = figure.frame;
    const across = n > 30 ? 1 : 1 - GAP_PX / Math.max(8, Math.min(width, height) / n);
    const places = this.counts.flatMap((row, truth) => row.map((_, guess) => ({ truth, guess, part: this.shade(truth, guess) })));
    figure.fill("cells", {
      x: places.map((one) => one.guess + 0.5), y: places.map((one) => one.truth + 0.5),
      size: places.map(() => across), color: places.map((one) => scaleColor(one.part)),
    });
    const digits = places.reduce((most, one) => Math.max(most, this.figureOf(one.truth, one.guess).length), 1);
    const told = width / n >= (digits + 1) * DIGIT_PX && height / n >= FIGURE_PX ? places : [];
    figure.fill("figures", {
      x: told.map((one) => one.guess + 0.5), y: told.map((one) => one.truth + 0.5),
      text: told.map((one) => this.figureOf(one.truth, one.guess)), color: told.map((one) => (this.counts[one.truth]![one.guess] === 0 ? token("mute") : onScale(one.part))),
    });
    const widest = Math.max(1, ...this.labels.map((label) => Math.min(LONGEST_LABEL, label.length)));
    const turned = widest * LETTER_PX > width / n;
    figure.set("y_grid", { grid_line_color: null });
    figure.set("x_axis", { axis_line_color: null, major_label_orientation: turned ? Math.PI / 4 : "horizontal" });
    figure.setAxis("x", { start: 0, end: n }, this.ticks(LABEL_PX.across / (width / n)), words.predicted);
    figure.setAxis("y", { start: n, end: 0 }, this.ticks(LABEL_PX.down / (height / n)), words.truth);
    if (!this.at) this.tellAccuracy();
  }

  protected point(x: number, y: number): void {
    const figure = this.figure;
    const n = this.labels.length;
    if (!figure || n === 0) return;
    const [guess, truth] = [Math.floor(figure.xAt(x)), Math.floor(figure.yAt(y))];
    this.tell(guess >= 0 && guess < n && truth >= 0 && truth < n ? [truth, guess] : null);
  }

  protected leave(): void {
    this.tell(null);
  }

  protected walk(dx: number, dy: number): void {
    const last = this.labels.length - 1;
    const [truth, guess] = this.at ?? [0, 0];
    const within = (at: number): number => Math.max(0, Math.min(last, at));
    this.tell(this.at ? [within(truth + dy), within(guess + dx)] : [0, 0]);
  }

  private tell(at: [number, number] | null): void {
    this.at = at;
    if (!at) return this.tellAccuracy();
    const [truth, guess] = at;
    this.events.told(words.matrixRead(this.labels[truth]!, this.labels[guess]!,
      formatCount(this.counts[truth]![guess]!), percent(this.share(truth, guess))));
  }

  private tellAccuracy(): void {
    const all = this.sums.reduce((a, b) => a + b, 0);
    const right = this.counts.reduce((sum, row, i) => sum + row[i]!, 0);
    this.events.told(all > 0 ? words.accuracy(percent(right / all)) : "");
  }

  private share(truth: number, guess: number): number {
    return this.sums[truth]! > 0 ? this.counts[truth]![guess]! / this.sums[truth]! : 0;
  }

  /** 0 to 1: of the largest count, or of the row. */
  private shade(truth: number, guess: number): number {
    const part = this.form === "shares" ? this.share(truth, guess) : this.counts[truth]![guess]! / this.most;
    return 0.05 + 0.8 * part;
  }

  private figureOf(truth: number, guess: number): string {
    if (this.form === "shares") return String(Math.round(1000 * this.share(truth, guess)) / 10);
    return formatShort(this.counts[truth]![guess]!);
  }

  /** A label for every so many cells that it needs. */
  private ticks(cells: number): Tick[] {
    const stride = Math.max(1, Math.ceil(cells));
    return this.labels.flatMap((label, i) => (i % stride === 0 ? [{ at: i + 0.5, label: short(label) }] : []));
  }
}

const percent = (share: number): string => `${formatValue(100 * share, 3)} %`;

const short = (label: string): string =>
  [...label].length > LONGEST_LABEL ? `${[...label].slice(0, LONGEST_LABEL - 1).join("")}…` : label;
