/** A chart as a picture that stands alone: title, legend and plot on the colour of the card. */

import type { Stroke } from "./figure.ts";
import { swatchPaths, SWATCH } from "./swatch.ts";
import { strokeColor, token } from "./theme.ts";

const EDGE = 14;
const TITLE = { font: '600 15px "Inter Variable", sans-serif', height: 26 };
const ROW = { font: '12.5px "Inter Variable", sans-serif', height: 22, gap: 18 };
const NAME_LEFT = SWATCH.width + 7;

interface Entry {
  stroke: Stroke;
  name: string;
  row: number;
  left: number;
}

/** `plot` has `scale` pixels to each pixel of the page, and so has the picture. */
export function drawPicture(
  title: string, strokes: readonly Stroke[], plot: HTMLCanvasElement, scale: number,
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d")!;
  const room = plot.width / scale;
  const legend = legendOf(pen, toldOf(title, strokes), room);
  const top = EDGE + TITLE.height + ((legend.at(-1)?.row ?? -1) + 1) * ROW.height;
  canvas.width = plot.width + Math.round(2 * EDGE * scale);
  canvas.height = plot.height + Math.round((top + EDGE) * scale);
  pen.fillStyle = token("card");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.scale(scale, scale);
  pen.translate(EDGE, 0);
  pen.font = TITLE.font;
  write(pen, token("ink"), cut(pen, title, room), 0, EDGE + TITLE.height / 2);
  for (const entry of legend) drawEntry(pen, entry, EDGE + TITLE.height + (entry.row + 0.5) * ROW.height);
  pen.drawImage(plot, 0, top, room, plot.height / scale);
  return canvas;
}

export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}

/** Where things of these widths stand, one after the other in rows that are `room` wide. */
export function flow(widths: readonly number[], gap: number, room: number): { row: number; left: number }[] {
  let row = 0;
  let next = 0;
  return widths.map((width) => {
    if (next > 0 && next + width > room) {
      row++;
      next = 0;
    }
    const left = next;
    next += width + gap;
    return { row, left };
  });
}

/** One line that is named like its chart needs no legend. */
function toldOf(title: string, strokes: readonly Stroke[]): readonly Stroke[] {
  return strokes.length === 1 && strokes[0]!.name === title ? [] : strokes;
}

function legendOf(pen: CanvasRenderingContext2D, told: readonly Stroke[], room: number): Entry[] {
  pen.font = ROW.font;
  const names = told.map(({ name }) => cut(pen, name, room - NAME_LEFT));
  const places = flow(names.map((name) => NAME_LEFT + pen.measureText(name).width), ROW.gap, room);
  return told.map((stroke, i) => ({ stroke, name: names[i]!, ...places[i]! }));
}

function drawEntry(pen: CanvasRenderingContext2D, { stroke, name, left }: Entry, middle: number): void {
  const { line, marker } = swatchPaths(stroke);
  pen.save();
  pen.translate(left, middle - SWATCH.height / 2);
  pen.strokeStyle = pen.fillStyle = strokeColor(stroke.color);
  pen.lineWidth = 2;
  pen.setLineDash(stroke.dash);
  pen.stroke(new Path2D(line));
  pen.fill(new Path2D(marker));
  pen.restore();
  pen.font = ROW.font;
  write(pen, token("body"), name, left + NAME_LEFT, middle);
}

function write(pen: CanvasRenderingContext2D, color: string, text: string, left: number, middle: number): void {
  pen.fillStyle = color;
  pen.textBaseline = "middle";
  pen.fillText(text, left, middle);
}

/** As much of `text` as fits. */
function cut(pen: CanvasRenderingContext2D, text: string, room: number): string {
  if (pen.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("")}…`;
}
