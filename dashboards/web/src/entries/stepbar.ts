/** The step slider of a chart: drag, arrow keys, play; it follows the newest until it is moved. */

import { h, fill, setText } from "../dom.ts";
import { formatStep } from "../format.ts";
import { icon } from "../icons.ts";
import type { Stop } from "./timeline.ts";
import { words } from "./words.ts";

export interface StepBarEvents {
  /** null: the newest, and each that comes. */
  chosen(stop: Stop | null): void;
  earlier(wanted: boolean): void;
}

/** Between two steps while playing; more where a step takes longer to show. */
const PACE_MS = 350;

const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export class StepBar {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly playButton: HTMLButtonElement;
  private readonly newestButton: HTMLButtonElement;
  private readonly earlierButton: HTMLButtonElement;
  private readonly text = h("output", { class: "step-text" });
  private readonly wall = h("span", { class: "step-wall faint" });
  private readonly mark = h("span", { class: "step-old", hidden: true, title: words.supersededHelp }, words.superseded);
  private stops: readonly Stop[] = [];
  private at = -1;
  private playing: ReturnType<typeof setTimeout> | undefined;
  private settled: Promise<unknown> = Promise.resolve();

  constructor(title: string, private readonly events: StepBarEvents) {
    this.slider = h("input", {
      type: "range", min: 0, max: 0, step: 1, "aria-label": words.slider(title),
      oninput: () => this.go(Number(this.slider.value)),
    });
    this.playButton = h("button", { type: "button", class: "icon-button small", onclick: () => this.turn() });
    this.newestButton = h("button", {
      type: "button", class: "chip-button", title: words.newestHelp, onclick: () => this.newest(),
    }, words.newest);
    this.earlierButton = h("button", {
      type: "button", class: "chip-button", title: words.earlierHelp, "aria-pressed": "false", hidden: true,
    }, words.earlier);
    this.earlierButton.addEventListener("click", () => this.turnEarlier());
    this.element = h("div", { class: "step-bar", hidden: true, role: "group" },
      this.playButton, this.slider, h("span", { class: "step-at" }, this.text, this.mark, this.wall),
      this.earlierButton, this.newestButton);
    this.drawPlay();
  }

  /** `following`: the newest is shown as it comes. `older`: there are superseded entries. */
  update(stops: readonly Stop[], at: number, following: boolean, older: boolean): void {
    this.stops = stops;
    this.at = at;
    this.element.hidden = stops.length === 0;
    this.slider.max = String(Math.max(0, stops.length - 1));
    this.slider.value = String(at);
    this.slider.style.setProperty("--part", `${stops.length > 1 ? (100 * at) / (stops.length - 1) : 100}%`);
    this.element.classList.toggle("alone", stops.length < 2);
    this.earlierButton.hidden = !older;
    this.newestButton.setAttribute("aria-pressed", String(following));
    this.tell(stops[at]);
  }

  /** When what stands here was sent, µs UTC; null where panes differ. */
  showWall(wall: number | null): void {
    setText(this.wall, wall === null ? "" : moment.format(new Date(wall / 1000)));
  }

  /** Playing goes on when this is done. */
  waitFor(shown: Promise<unknown>): void {
    this.settled = shown;
  }

  stop(): void {
    clearTimeout(this.playing);
    this.playing = undefined;
    this.drawPlay();
  }

  private tell(stop: Stop | undefined): void {
    const step = stop ? words.stepOf(formatStep(stop.x)) : "";
    setText(this.text, step);
    this.mark.hidden = stop === undefined || stop.session === null;
    this.slider.setAttribute("aria-valuetext",
      [step, !this.mark.hidden && words.superseded, words.position(this.at + 1, this.stops.length)].filter(Boolean).join(", "));
  }

  private go(at: number): void {
    const stop = this.stops[at];
    if (stop) this.events.chosen(stop);
  }

  private newest(): void {
    this.stop();
    this.events.chosen(null);
  }

  private turnEarlier(): void {
    const wanted = this.earlierButton.getAttribute("aria-pressed") !== "true";
    this.earlierButton.setAttribute("aria-pressed", String(wanted));
    this.events.earlier(wanted);
  }

  private turn(): void {
    if (this.playing !== undefined) return this.stop();
    if (this.at >= this.stops.length - 1) this.go(0);
    this.playOn();
    this.drawPlay();
  }

  private playOn(): void {
    this.playing = setTimeout(() => void this.settled.finally(() => {
      if (this.playing === undefined) return;
      if (this.at >= this.stops.length - 1) return this.stop();
      this.go(this.at + 1);
      this.playOn();
    }), PACE_MS);
  }

  private drawPlay(): void {
    const plays = this.playing !== undefined;
    fill(this.playButton, icon(plays ? "pause" : "play", 14));
    this.playButton.title = plays ? words.pause : words.play;
    this.playButton.setAttribute("aria-label", this.playButton.title);
  }
}
