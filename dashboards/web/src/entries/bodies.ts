/** Bodies of entries, as docs/kinds.md has them. What was sent may lack any of it: readers check. */

import type { Num } from "../model.ts";

export interface BlobRef {
  sha256: string;
  mime: string;
  size: number;
}

export interface HistogramBody {
  counts: number[];
  edges: Num[];
  total: number;
  nan: number;
  inf: number;
}

export interface BoxMark {
  box: [number, number, number, number];
  class?: number | string;
  label?: string;
  score?: number;
}

export interface MaskMark extends BlobRef {
  name?: string;
}

export interface KeypointMark {
  points: [number, number, number][];
  skeleton?: [number, number][];
  class?: number | string;
  label?: string;
}

export interface ImageItem extends BlobRef {
  width: number;
  height: number;
  thumb?: BlobRef & { width: number; height: number };
  caption?: string;
  boxes?: BoxMark[];
  masks?: MaskMark[];
  keypoints?: KeypointMark[];
  classes?: Record<string, string>;
}

export interface TextBody {
  text?: string;
  blob?: BlobRef;
  format: "markdown" | "plain";
}

export type Cell = Num | string | boolean | null;

export interface TableBody {
  columns: string[];
  rows?: Cell[][];
  count?: number;
  blob?: BlobRef;
}

export interface AudioItem extends BlobRef {
  seconds: number;
  rate: number;
  channels: number;
  caption?: string;
}

export interface VideoItem extends BlobRef {
  width: number;
  height: number;
  seconds?: number;
  fps?: number;
  frames?: number;
  caption?: string;
}

export interface HtmlBody extends BlobRef {
  height?: number;
}

export interface FigureBody extends BlobRef {
  format: "svg" | "png" | "bokeh";
  width?: number;
  height?: number;
}

export interface Curve {
  label: string;
  thresholds?: Num[];
  positives: number;
  total: number;
}

export interface PrCurve extends Curve {
  precision: Num[];
  recall: Num[];
  ap: Num;
}

export interface RocCurve extends Curve {
  fpr: Num[];
  tpr: Num[];
  auc: Num;
}

export interface MatrixBody {
  labels: string[];
  counts: number[][];
}

export type Body = Record<string, unknown>;
