/** Columns that a reader may choose for the list of runs. A column's id says what it shows. */

import { formatBytes, formatDuration, formatMoment, formatShort, formatStep, formatValue } from "../format.ts";
import { numberOf, type Num, type Run } from "../model.ts";
import { valueAt } from "../params.ts";
import { partOf } from "../progress.ts";
import { words } from "../words.ts";

export interface ChannelFigures {
  last: Num | null;
  last_x: Num | null;
  min: number | null;
  max: number | null;
}

/** What is known of a run's channels. */
export interface RunFigures {
  run: string;
  /** Names of its first channels. */
  first: string[];
  figures: Record<string, ChannelFigures>;
  curve?: { x: number[]; y: Num[] } | null;
}

export interface Column {
  id: string;
  label: string;
  /** What the server sorts by; null where it can't. */
  sort: string | null;
  /** Numbers stand to the right. */
  isNumber: boolean;
  /** The channel whose figures it needs. */
  channel: string | null;
  text(run: Run, figures: RunFigures | null): string;
}

type Field = Omit<Column, "id" | "channel">;

const FIELDS: Readonly<Record<string, Field>> = {
  project: { label: words.fields.project, sort: "project", isNumber: false, text: (run) => run.project },
  experiment: { label: words.fields.experiment, sort: "experiment", isNumber: false, text: (run) => run.experiment },
  tags: { label: words.fields.tags, sort: null, isNumber: false, text: (run) => run.tags.join(", ") },
  notes: { label: words.fields.notes, sort: null, isNumber: false, text: (run) => run.notes.split("\n")[0]! },
  stage: { label: words.fields.stage, sort: "stage", isNumber: false, text: (run) => run.stage ?? "" },
  progress: { label: words.fields.progress, sort: null, isNumber: true, text: progressOf },
  points: { label: words.fields.points, sort: "points", isNumber: true, text: (run) => formatShort(run.points) },
  bytes: { label: words.fields.bytes, sort: "bytes", isNumber: true, text: (run) => formatBytes(run.bytes) },
  elapsed: { label: words.fields.elapsed, sort: "elapsed", isNumber: true, text: (run) => formatDuration(run.elapsed_s) },
  created_at: { label: words.fields.created_at, sort: "created_at", isNumber: true, text: (run) => formatMoment(run.created_at) },
  updated_at: { label: words.fields.updated_at, sort: "updated_at", isNumber: true, text: (run) => formatMoment(run.updated_at) },
  host: { label: words.fields.host, sort: "host", isNumber: false, text: (run) => run.host ?? "" },
};

export const FIELD_IDS: readonly string[] = Object.keys(FIELDS);
export const DEFAULT_COLUMNS: readonly string[] = ["points", "elapsed", "created_at"];
const FIGURES = ["last", "min", "max"] as const;
type FigureKind = (typeof FIGURES)[number];

/** null for what is no column: it may come from an older page, or from an address. */
export function columnOf(id: string): Column | null {
  const field = Object.hasOwn(FIELDS, id) ? FIELDS[id] : undefined;
  if (field) return { ...field, id, channel: null };
  const [, kind, name] = /^(last|min|max|param):(.+)$/s.exec(id) ?? [];
  if (!kind || !name) return null;
  if (kind === "param") {
    return { id, label: name, sort: id, isNumber: true, channel: null, text: (run) => paramText(valueAt(run.params, name)) };
  }
  return {
    id, label: kind === "last" ? name : words.figureOf(kind, name), sort: id, isNumber: true, channel: name,
    text: (_, figures) => figureText(figures, kind as FigureKind, name),
  };
}

const DAY_MS = 86_400_000;

/** What the trash has before the chosen columns; `days`: how long a run lies there, null where nobody knows. */
export function trashColumns(days: number | null): Column[] {
  const column = (id: string, label: string, text: (run: Run) => string): Column =>
    ({ id, label, sort: null, isNumber: true, channel: null, text });
  const deleted = column("deleted_at", words.deletedAt, (run) => (run.deleted_at ? formatMoment(run.deleted_at) : ""));
  return days === null ? [deleted] : [deleted, column("days_left", words.daysLeft, (run) => leftOf(run, days))];
}

/** "6 days", "5 h": until it goes for good. */
function leftOf({ deleted_at }: Run, days: number): string {
  if (!deleted_at) return "";
  const left = Date.parse(deleted_at) + days * DAY_MS - Date.now();
  if (left <= 0) return words.anyMoment;
  return left >= 2 * DAY_MS ? words.days(Math.floor(left / DAY_MS)) : formatDuration(left / 1000);
}

export function columnsOf(ids: readonly string[]): Column[] {
  return ids.map(columnOf).filter((one): one is Column => one !== null);
}

/** Whether less is better, by its name; what no word tells is taken for a loss. */
export function bestOf(channel: string): "min" | "max" {
  const name = channel.toLowerCase();
  if (/loss|err|perplex|ppl|(^|[^a-z])(rmse|mse|mae|wer|cer|fid|nll|bpc|bpb)([^a-z]|$)|latency|distance|diverg/.test(name)) return "min";
  return /acc|auc|auroc|f1|precision|recall|map|iou|bleu|rouge|score|reward|return|psnr|ssim|(^|[^a-z])r2|dice|top-?\d|correct|success|win/.test(name) ? "max" : "min";
}

function figureText(figures: RunFigures | null, kind: FigureKind, name: string): string {
  const found = figures && Object.hasOwn(figures.figures, name) ? figures.figures[name]! : null;
  return found ? formatValue(numberOf(found[kind])) : "";
}

function paramText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return Math.abs(value) >= 1e-4 || value === 0 ? String(value) : formatValue(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function progressOf(run: Run): string {
  const part = partOf(run);
  if (part !== null) return `${Math.floor(part * 100)}%`;
  return run.step === null || run.step === undefined ? "" : formatStep(numberOf(run.step)!);
}
