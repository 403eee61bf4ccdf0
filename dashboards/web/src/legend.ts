/** The lines of a chart by name, each a switch; their values, at the cursor or the newest ones. */

import { fill, h, setText } from "./dom.ts";
import type { Stroke } from "./figure.ts";
import { formatCount, formatFigure } from "./format.ts";
import { numberOf, type Channel } from "./model.ts";
import type { Reading } from "./readout.ts";
import { strings } from "./strings.ts";
import { swatch } from "./swatch.ts";
import { strokeColor } from "./theme.ts";

interface Row {
  button: HTMLButtonElement;
  value: HTMLElement;
  raw: HTMLElement;
  odd: HTMLElement;
  stroke: Stroke;
  channel: Channel;
}

export class Legend {
  readonly element = h("ul", { class: "legend" });
  private readonly rows = new Map<number, Row>();

  constructor(
    channels: readonly Channel[], strokes: readonly Stroke[],
    private readonly toggled: (number: number, shown: boolean) => void,
  ) {
    for (const stroke of strokes) {
      const channel = channels.find((one) => one.number === stroke.number);
      if (channel) this.add(stroke, channel);
    }
    this.paintTheme();
  }

  paintTheme(): void {
    for (const { button, stroke } of this.rows.values()) {
      button.style.setProperty("--stroke", strokeColor(stroke.color));
    }
  }

  /** Something more of a channel, after its name. */
  attach(number: number, more: HTMLElement): void {
    this.rows.get(number)?.button.after(more);
  }

  /** What the server says of a channel: counts of odd values. */
  update(channel: Channel): void {
    const row = this.rows.get(channel.number);
    if (!row) return;
    row.channel = channel;
    fill(row.odd,
      channel.nan > 0 && h("span", { title: strings.nanHelp }, strings.nan(formatCount(channel.nan))),
      channel.inf > 0 && h("span", { title: strings.infHelp }, strings.inf(formatCount(channel.inf))));
  }

  /** The values at the place which the reader points at. */
  showAt(number: number, reading: Reading, smoothed: boolean): void {
    this.write(number, reading, reading.raw, smoothed);
  }

  /** Between which values the ranks lie, in place of the value as sent. */
  showBand(number: number, lo: number, hi: number): void {
    const row = this.rows.get(number);
    if (row) setText(row.raw, strings.between(formatFigure(row.channel.name, lo), formatFigure(row.channel.name, hi)));
  }

  /** Nobody points: the newest value as sent. `newest` null: the last that the server told of. */
  showNewest(number: number, newest: number | null, reading: Reading | null, smoothed: boolean): void {
    const row = this.rows.get(number);
    if (row) this.write(number, reading, newest ?? numberOf(row.channel.last), smoothed);
  }

  private write(number: number, reading: Reading | null, raw: number | null, smoothed: boolean): void {
    const row = this.rows.get(number);
    if (!row) return;
    const told = row.odd.childElementCount > 0 && raw !== null && !Number.isFinite(raw);
    const { name } = row.channel;
    const value = told ? "" : formatFigure(name, raw); // its badge says it already
    row.odd.classList.toggle("now", told);
    setText(row.value, smoothed && reading ? formatFigure(name, reading.y) : value);
    setText(row.raw, smoothed && reading ? value : "");
  }

  private add(stroke: Stroke, channel: Channel): void {
    const value = h("span", { class: "value" });
    const raw = h("span", { class: "value faint" });
    const odd = h("span", { class: "odd" });
    const button = h("button", { type: "button", class: "legend-item", "aria-pressed": "true", title: channel.name },
      swatch(stroke), h("span", { class: "legend-name" }, channel.name), odd, value, raw);
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      this.toggled(stroke.number, shown);
    });
    this.rows.set(stroke.number, { button, value, raw, odd, stroke, channel });
    this.element.append(h("li", {}, button));
    this.update(channel);
    this.showNewest(stroke.number, null, null, false);
  }
}
