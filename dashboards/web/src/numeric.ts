/** A NUMERIC chart: feed, lines and figure brought together, and the reader's zoom. */

import type { Range } from "./api.ts";
import { Feed, type Wanted } from "./feed.ts";
import { AXIS_PX, type Extent, type Figure, type Lines, type XY } from "./figure.ts";
import type { Block } from "./frames.ts";
import { allWhole, buildLines, newestPoints, xExtent, yExtent, type Drawing } from "./lines.ts";
import { placed, withFewStages, type PlacedMarker } from "./markers.ts";
import type { Channel, Chart, Dropped, Marker } from "./model.ts";
import type { Paintable, Painter } from "./painter.ts";
import type { Prefs } from "./prefs.ts";
import { along, bandEdges, bandLines, newestOf } from "./ranklines.ts";
import { RankChoice, type RanksWanted } from "./ranks.ts";
import { narrowest, paddedX, paddedY } from "./ranges.ts";
import { chainsOf } from "./sessions.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { strings } from "./strings.ts";
import { linearTicks, logTicks, timeTicks, type Tick } from "./ticks.ts";

export interface ChartEvents {
  /** Painted: what is shown beside the plot may follow. */
  painted(): void;
  zoomed(): void;
  failed(error: unknown): void;
}

export interface ChartContext {
  run: string;
  /** Where elapsed time begins, µs UTC. */
  origin: number;
  subscriptions: Subscriptions;
  painter: Painter;
  prefs: () => Readonly<Prefs>;
  /** Those of the run, drawn in every chart of numbers. */
  markers: () => readonly Marker[];
  /** What of the run was refused. */
  dropped: () => readonly Dropped[];
}

const NOTHING = new Float64Array();
const ZOOM_SETTLES_MS = 60;
const STALE_AFTER_MS = 250;
/** Of the range in sight, fetched on each side as well: small pans show no empty margin. */
const MARGIN = 0.25;
/** Smoothing is measured by this part of the data's extent, whatever their number of steps. */
const UNITS = 250;
/** Room for a tick and its label. */
const STEP_LABEL_PX = 64;
const TIME_LABEL_PX = 84;
const Y_LABEL_PX = 36;

export class NumericChart implements Paintable {
  readonly feed: Feed;
  readonly hidden = new Set<number>();
  log = false;
  zoom: { x: Extent; y: Extent | null } | null = null;
  lines = new Map<number, Lines>();
  painted = 0;
  /** How channels with many ranks are drawn. */
  readonly choices: ReadonlyMap<number, RankChoice>;
  private families = "";
  private figure: Figure | null = null;
  private expected = 0;
  /** Something changed while it was being drawn. */
  private late = false;
  private span: Extent | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly chart: Chart,
    readonly channels: readonly Channel[],
    private readonly context: ChartContext,
    private readonly events: ChartEvents,
  ) {
    this.choices = new Map(channels.map(({ number }) => [number, new RankChoice(channels.length)]));
    this.feed = new Feed(channels, context.subscriptions, {
      changed: () => this.changed(),
      stale: () => this.reloadIn(STALE_AFTER_MS),
      failed: (error) => events.failed(error),
    }, (number) => this.wantedRanks(number));
  }

  get mounted(): Figure | null {
    return this.figure;
  }

  /** The figure will be so wide, its axis included. */
  expect(width: number): void {
    this.expected = width - AXIS_PX;
  }

  /** Draws `figure`, with the numbers that are there; `reload` brings them. */
  async mount(figure: Figure): Promise<void> {
    await figure.mount(() => {
      this.late = false;
      figure.paintTheme();
      this.fill(figure);
    });
    this.figure = figure;
    this.setRanges(figure); // it may be of another size than was expected
    if (this.late) this.ask();
    this.told();
  }

  /** Ask for the view that fits what is in sight. */
  async reload(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.feed.load(this.wanted());
  }

  /** In sight again. */
  async resume(): Promise<void> {
    this.feed.inSight = true;
    if (this.feed.loads > 0 && !this.feed.isLoading) await this.feed.watch();
    else if (this.feed.loads === 0 && this.figure) await this.reload();
    this.ask();
  }

  take(block: Block): void {
    this.feed.take(block);
  }

  ask(): void {
    if (this.figure) this.context.painter.ask(this);
    else this.late = true;
  }

  /** The channels whose points come of several ranks. */
  hasRanks(number: number): boolean {
    return (this.feed.data.get(number)?.ranks().length ?? 0) > 1;
  }

  /** What the server says of the channels changed. */
  learn(channels: readonly Channel[]): void {
    this.feed.learn(channels);
    if (this.feed.loads > 0) this.changed();
  }

  /** The reader chose other ranks. */
  chose(): void {
    this.reloadIn(0, true);
  }

  /** Show `x` (and `y`, or what lies within `x`); null is everything, and follows what comes. */
  setZoom(zoom: { x: Extent; y: Extent | null } | null): void {
    if (zoom && zoom.x.end - zoom.x.start < narrowest(zoom.x)) return;
    this.zoom = zoom;
    this.ask();
    this.reloadIn(ZOOM_SETTLES_MS, true);
    this.events.zoomed();
  }

  setLog(log: boolean): void {
    this.log = log;
    if (this.zoom) this.zoom.y = null;
    this.ask();
  }

  /** Steps to time or back: the range in sight has no counterpart, so all is shown. */
  setAxis(): void {
    this.zoom = null;
    this.events.zoomed();
    void this.reload();
  }

  toggle(number: number, shown: boolean): void {
    if (shown) this.hidden.delete(number);
    else this.hidden.add(number);
    this.ask();
  }

  markers(): PlacedMarker[] {
    const all = placed(this.context.markers(), { axis: this.context.prefs().axis, origin: this.context.origin });
    return withFewStages(all, this.zoom?.x ?? null);
  }

  paintTheme(): void {
    this.figure?.paintTheme();
    this.ask(); // some colours are columns
  }

  paint(): void {
    if (!this.figure) return;
    this.fill(this.figure);
    this.figure.addLayers();
    this.told();
  }

  private fill(figure: Figure): void {
    this.measureSpan();
    const how = this.drawing();
    for (const [number, data] of this.feed.data) {
      const band = this.feed.bands.get(number);
      const lines = band ? bandLines(band, data.chains(), this.choices.get(number)!, how) : buildLines(data.chains(), how);
      this.lines.set(number, lines);
      figure.fill(number, lines);
      figure.setDense(number, how.smoothing === 0 && lines.raw.x.length > figure.frame.width);
      figure.show(number, !this.hidden.has(number), how.smoothing > 0);
    }
    this.setRanges(figure);
    figure.setMarkers(this.markers());
  }

  private told(): void {
    this.painted++;
    this.events.painted();
  }

  /** The plot has another size: other ticks fit, and perhaps more points. */
  resized(): void {
    if (this.feed.loads === 0) return;
    this.ask();
    const { px } = this.wanted();
    if (px > 1.25 * this.feed.px) this.reloadIn(STALE_AFTER_MS);
  }

  /** The newest value of a channel, null while only the server knows it. */
  newest(number: number): number | null {
    const band = this.feed.bands.get(number);
    return band ? newestOf(band)?.mean ?? null : this.feed.data.get(number)?.newest?.y ?? null;
  }

  /** What a reader should know of the lines: how many ranks and earlier sessions they are from. */
  note(): string {
    const all = [...this.feed.data.values()];
    const earlier = Math.max(0, ...all.flatMap((data) => {
      const lives = data.known();
      return chainsOf(lives, new Map(lives.map((life) => [life.id, life]))).map(({ parts }) => parts.length - 1);
    }));
    const ranks = Math.max(0, ...all.map((data) => data.ranks().length));
    return [ranks > 1 && strings.meanOf(ranks), earlier > 0 && strings.olderSessions(earlier)]
      .filter(Boolean).join(" · ");
  }

  remove(): void {
    clearTimeout(this.timer);
    this.feed.stop();
    this.context.painter.forget(this);
    this.figure?.remove();
    this.figure = null;
  }

  drawing(): Drawing {
    const { smoothing, axis } = this.context.prefs();
    const span = this.span ? this.span.end - this.span.start : 0;
    return { axis, origin: this.context.origin, log: this.log, smoothing, unit: span / UNITS || 1 };
  }

  private setRanges(figure: Figure): void {
    const { axis } = this.context.prefs();
    const shown = [...this.lines].filter(([number]) => !this.hidden.has(number));
    const drawn: XY[] = shown.flatMap(([, lines]) => [...drawnOf(lines), lines.odd]);
    const x = this.zoom?.x ?? paddedX(xExtent(drawn));
    const values = shown.flatMap(([, lines]) => drawnOf(lines));
    const y = this.zoom?.y ?? paddedY(yExtent(values, this.zoom ? x : null), this.log);
    const along = Math.max(2, Math.floor(figure.frame.height / Y_LABEL_PX));
    figure.setXName(axis === "x" ? this.chart.x || strings.step : strings.elapsed);
    figure.setX(x, this.xTicks(x, figure.frame.width, drawn));
    figure.setY(y, (this.log ? logTicks : linearTicks)(y.start, y.end, along), this.log);
  }

  private xTicks({ start, end }: Extent, width: number, drawn: readonly XY[]): Tick[] {
    const across = (label: number): number => Math.max(2, Math.floor(width / label));
    if (this.context.prefs().axis === "wall") return timeTicks(start, end, across(TIME_LABEL_PX));
    return linearTicks(start, end, across(STEP_LABEL_PX), allWhole(drawn));
  }

  /** While all is in sight: how far the data reach, which is what smoothing is measured by. */
  private measureSpan(): void {
    if (this.zoom) return;
    const how = { axis: this.context.prefs().axis, origin: this.context.origin };
    this.span = xExtent([...this.feed.data].flatMap(([number, data]) => {
      const band = this.feed.bands.get(number);
      return band ? [{ x: along(band.x, how), y: NOTHING }] : data.chains().map((chain) => newestPoints(chain, how));
    }));
  }

  private wantedRanks(number: number): RanksWanted {
    return this.hasRanks(number) ? this.choices.get(number)!.wanted() : { band: false, ranks: null };
  }

  /** A channel of which a second rank is heard is drawn in another way. */
  private changed(): void {
    this.ask();
    const families = this.channels.filter(({ number }) => this.hasRanks(number)).map(({ number }) => number).join();
    if (families === this.families) return;
    this.families = families;
    if (this.feed.loads > 0 && this.channels.some(({ number }) => this.hasRanks(number) && !this.feed.bands.has(number))) {
      this.reloadIn(0);
    }
  }

  private reloadIn(delay: number, again = false): void {
    if (this.timer !== undefined && !again) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.reload(), delay);
  }

  private wanted(): Wanted {
    const { axis } = this.context.prefs();
    const width = Math.max(200, Math.ceil(this.figure?.frame.width ?? this.expected));
    if (!this.zoom) return { axis, px: width, range: null };
    const px = Math.ceil(width * (1 + 2 * MARGIN));
    return { axis, px, range: this.wireRange(this.zoom.x) };
  }

  private wireRange({ start, end }: Extent): Range {
    const margin = (end - start) * MARGIN;
    const [lo, hi] = [start - margin, end + margin];
    if (this.context.prefs().axis === "x") return { lo, hi };
    const { origin } = this.context;
    return { lo: Math.floor(lo * 1e6 + origin), hi: Math.ceil(hi * 1e6 + origin) };
  }
}

/** All that is drawn of a channel at its own height. */
function drawnOf({ raw, old, older, band, ranks }: Lines): XY[] {
  return [raw, old, older, ...(band ? bandEdges(band) : []), ...ranks.map((one) => one.raw)];
}
