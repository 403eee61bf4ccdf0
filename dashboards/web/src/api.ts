/** REST calls. Every one takes an AbortSignal; what the server refuses becomes an ApiError. */

import { api, base, loginPage } from "./base.ts";
import { earlyAnswer } from "./early.ts";
import { COLUMNS, decodeFrame, type Block } from "./frames.ts";
import type { Channel, Chart, LoginState, Page, Project, Run } from "./model.ts";

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

/** The server could not be reached at all. */
export class Unreachable extends Error {}

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "AbortError";

/** The server refused or is away; anything else is a fault of the page and must not be hidden. */
export const isServerTrouble = (error: unknown): boolean =>
  error instanceof ApiError || error instanceof Unreachable;

export interface Range {
  lo: number;
  hi: number;
}

export interface View {
  channel: string;
  axis: "x" | "wall";
  px: number;
  /** null is all there is. */
  range: Range | null;
  /** Only this rank. */
  rank?: number;
}

export const getRun = (id: string, signal?: AbortSignal): Promise<Run> =>
  getJson(`/runs/${encodeURIComponent(id)}`, signal);

const CHANNELS_AT_ONCE = 2000;

/** The first channels of a run, and how many there are: enough for what is seen first. */
export const getFirstChannels = (run: string, offset = 0): Promise<Page<Channel>> =>
  getJson(`/runs/${encodeURIComponent(run)}/channels?limit=${offset ? CHANNELS_AT_ONCE : CHANNELS_AT_ONCE / 4}&offset=${offset}`);

/** All channels of a run, one page after the other: thousands in one answer would hold the browser up. */
export async function getChannels(run: string): Promise<Channel[]> {
  const found: Channel[] = [];
  let page: Page<Channel>;
  do {
    page = await getFirstChannels(run, found.length);
    found.push(...page.items);
  } while (page.items.length > 0 && found.length < page.total);
  return found;
}

export const getCharts = async (run: string, signal?: AbortSignal): Promise<Chart[]> =>
  (await getJson<Page<Chart>>(`/runs/${encodeURIComponent(run)}/charts`, signal)).items;

export const getFigure = (run: string, chart: string, signal?: AbortSignal): Promise<unknown> =>
  getJson(`/runs/${encodeURIComponent(run)}/charts/${encodeURIComponent(chart)}/figure`, signal);

export const getProjects = async (signal?: AbortSignal): Promise<Project[]> =>
  (await getJson<Page<Project>>("/projects", signal)).items;

export const getRuns = (query: URLSearchParams, signal?: AbortSignal): Promise<Page<Run>> =>
  getJson(`/runs?${query}`, signal);

export const getLogin = (signal?: AbortSignal): Promise<LoginState> => getJson("/session", signal);

export async function logIn(password: string): Promise<void> {
  await call("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ password, path: base || "/" }),
  });
}

export async function logOut(): Promise<void> {
  await call(`/session?path=${encodeURIComponent(base || "/")}`, { method: "DELETE" });
}

/** The view of a channel: a block for each of its series. */
export async function getPoints(view: View, signal?: AbortSignal): Promise<Block[]> {
  const query = new URLSearchParams({ px: String(view.px), axis: view.axis });
  if (view.range) {
    query.set("x0", String(view.range.lo));
    query.set("x1", String(view.range.hi));
  }
  if (view.rank !== undefined) query.set("rank", String(view.rank));
  const path = `/channels/${encodeURIComponent(view.channel)}/points?${query}`;
  const answer = await call(path, { headers: { Accept: COLUMNS }, signal: signal ?? null });
  return decodeFrame(await reached(answer.arrayBuffer())).blocks;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await call(path, { signal: signal ?? null });
  const text = await reached(answer.text());
  return JSON.parse(text) as T;
}

export async function call(path: string, init: RequestInit): Promise<Response> {
  const early = init.method ? null : earlyAnswer(path);
  const answer = await reached(early ?? fetch(api(path), { credentials: "same-origin", ...init }));
  if (answer.ok) return answer;
  if (answer.status === 401 && !path.startsWith("/session")) {
    location.replace(loginPage());
  }
  throw await errorOf(answer);
}

/** What fails on the way, before an answer or in the middle of one, means that the server is away. */
export async function reached<T>(travelling: Promise<T>): Promise<T> {
  try {
    return await travelling;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Unreachable(String(error));
  }
}

/** What /values refuses is told in the way of Feathers, without an envelope. */
async function errorOf(answer: Response): Promise<ApiError> {
  try {
    const told = (await answer.json()) as { error?: { code: string; message: string }; className: string; message: string };
    const { code, message } = told.error ?? { code: told.className, message: told.message };
    return new ApiError(answer.status, code, message);
  } catch {
    return new ApiError(answer.status, "error", `${answer.status} ${answer.statusText}`);
  }
}
