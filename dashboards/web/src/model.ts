/** What the server tells, as docs/http-api.md has it. */

export type RunState = "running" | "finished" | "failed" | "stopped" | "lost";

/** Numbers that JSON can't hold come as strings. */
export type Num = number | "NaN" | "Infinity" | "-Infinity";

export interface Session {
  spool: string;
  rank: number;
  started_at: string;
  seen_at: string | null;
}

export interface Run {
  id: string;
  project: string;
  experiment: string;
  name: string;
  state: RunState;
  params: Record<string, unknown>;
  tags: string[];
  notes: string;
  created_at: string;
  updated_at: string;
  finished_at: string | null;
  elapsed_s: number;
  reason: string | null;
  host: string | null;
  pid: number | null;
  channels: number;
  points: number;
  bytes: number;
  durable: boolean;
  dropped: number;
  /** Why, by channel; a server of an earlier version does not tell. */
  dropped_by?: Dropped[];
  gaps: number;
  python: string | null;
  stage: string | null;
  /** Largest x of the newest session's numbers. */
  step: Num | null;
  total_steps: number | null;
  eta_s: number | null;
  /** In the trash since then. */
  deleted_at: string | null;
  datasets: Dataset[];
  sessions: Session[];
  /** Of a single run only, not in a list. */
  about?: About;
}

export interface Dropped {
  /** null: of several, or nobody knows of which. */
  channel: string | null;
  reason: string;
  count: number;
}

export interface Dataset {
  name: string;
  hash?: string | null;
  size?: number | null;
  count?: number | null;
  source?: string | null;
  about?: unknown;
}

export interface Blob {
  sha256: string;
  mime: string;
  size: number;
}

/** What is known about a run; any key may be missing, and others may be there. */
export interface About {
  [key: string]: unknown;
  git?: { commit?: string; branch?: string; dirty?: boolean; remote?: string; diff?: Blob };
  command?: string[];
  packages?: { count?: number; blob?: Blob };
  model?: { name?: string; parameters?: number; trainable?: number; blob?: Blob };
}

export interface Artefact {
  channel: string;
  name: string;
  version: number;
  x: Num;
  wall: number;
  sha256?: string;
  hash?: string;
  mime?: string;
  size?: number;
  path?: string;
  kind?: string;
  metadata?: Record<string, unknown>;
}

export interface Marker {
  channel: string;
  x: Num;
  wall: number;
  text: string;
  level: string;
}

export interface ConsoleLine {
  session: number;
  rank: number;
  number: number;
  wall: number;
  stream: string;
  text: string;
}

export interface Writer {
  session: number;
  rank: number;
  lines: number;
}

export interface ConsolePage {
  items: ConsoleLine[];
  next: number | null;
  total: number;
  writers: Writer[];
}

export interface ChannelSeries {
  id: number;
  session: number;
  rank: number;
  count: number;
  min_x: number | null;
  max_x: number | null;
  /** µs UTC. */
  max_wall: number | null;
  superseded_from: number | null;
}

export interface Channel {
  id: string;
  run: string;
  number: number;
  name: string;
  type: string;
  count: number;
  last: Num | null;
  last_x: Num | null;
  min: Num | null;
  max: Num | null;
  nan: number;
  inf: number;
  series: ChannelSeries[];
}

export interface Chart {
  id: string;
  title: string;
  type: string;
  x: string;
  y: string;
  channels: string[];
  auto: boolean;
}

export interface Project {
  name: string;
  runs: number;
  running: number;
  updated_at: string;
}

export interface Page<T> {
  items: T[];
  total: number;
  limit: number;
  offset: number;
}

export interface LoginState {
  login: boolean;
  authenticated: boolean;
  scope: "read" | "write" | "admin" | null;
}

/** A number as the wire spells it. */
export function numberOf(value: Num | null): number | null {
  return value === null ? null : Number(value);
}

/** A wall time in µs UTC as ISO 8601; null when it is none. */
export function isoOf(wall: number): string | null {
  const at = new Date(wall / 1000);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
