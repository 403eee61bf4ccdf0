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
  gaps: number;
  sessions: Session[];
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
  series: { id: number; session: number; rank: number; count: number }[];
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
