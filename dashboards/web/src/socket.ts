/** The live connection: which channels are watched, frames in, credits out, and whether it stands. */

import { io, type Socket } from "socket.io-client";
import { base } from "./base.ts";
import type { CellNews } from "./cells/ledger.ts";
import { decodeFrame, type Frame } from "./frames.ts";
import type { Run } from "./model.ts";

export type Connection = "connecting" | "live" | "offline";

export interface Watched {
  /** Width of a pixel in x. */
  dx: number;
  cursors: Record<string, number>;
  /** Only points of these; all without it. */
  ranks?: readonly number[];
  /** Of how many points the band on the page is: told when it is another one. */
  band?: number;
}

export interface LiveEvents {
  connection(state: Connection): void;
  frame(frame: Frame): void;
  run(run: Run | { id: string; deleted: true }): void;
  layout(run: string): void;
  news(news: News): void;
  /** Ranks of a channel sent, which nobody is told point by point. */
  band(run: string): void;
  cells(news: CellNews): void;
  store(state: StoreState): void;
}

/** What is out of order with the server's disk; null where nothing is. */
export interface StoreState {
  read_only: string | null;
  damage: string | null;
}

/** New in a run that is watched, apart from numbers. */
export interface News {
  run: string;
  /** Numbers of the channels that have new entries. */
  channels: number[];
  /** There is new console output. */
  console: boolean;
}

interface Answer {
  ok?: true;
  error?: { code: string; message: string };
}

const ANSWER_WITHIN_MS = 10_000;
/** So many frames are on their way at most. */
const UNPAINTED = 2;

export class Live {
  private readonly socket: Socket;
  private credited = 0;
  connection: Connection = "connecting";
  /** Bands of these channels changed. */
  bands: (told: { run: string; channels: number[] }) => void = () => undefined;

  constructor(private readonly events: Partial<LiveEvents>) {
    this.socket = io("/live", {
      path: `${base}/socket.io/`,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 5000,
      autoConnect: false,
    });
    this.socket.on("connect", () => {
      this.credited = 0;
      this.turn("live");
    });
    this.socket.on("disconnect", () => this.turn("offline"));
    this.socket.on("connect_error", () => this.turn("offline"));
    this.socket.on("frame", (body: ArrayBuffer) => this.events.frame?.(decodeFrame(body)));
    this.socket.on("run", (run: Run) => this.events.run?.(run));
    this.socket.on("news", (news: News) => this.events.news?.(news));
    this.socket.on("band", (told: { run: string; channels: number[] }) => {
      this.bands(told);
      this.events.band?.(told.run);
    });
    this.socket.on("cells", (news: CellNews) => this.events.cells?.(news));
    this.socket.on("store", (state: StoreState) => this.events.store?.(state));
    this.socket.on("layout", (told: { run: string }) => this.events.layout?.(told.run));
  }

  open(): void {
    this.socket.connect();
  }

  /** Try at once, not only when the next try is due. */
  retry(): void {
    if (!this.socket.connected) this.socket.disconnect().connect();
  }

  watchRuns(): Promise<boolean> {
    return this.ask("watch_runs");
  }

  watchCells(): Promise<boolean> {
    return this.ask("watch_cells");
  }

  /** Resolves to whether the server took it: false when the connection was lost meanwhile. */
  watch(run: string, channels: Record<number, Watched>): Promise<boolean> {
    return this.ask("watch", { run, channels });
  }

  unwatch(run: string, channels: number[]): void {
    void this.ask("unwatch", { run, channels });
  }

  /** Frames up to this one were painted. The server waits for that only when two were not. */
  credit(frame: number): void {
    if (!this.socket.connected || frame - this.credited < UNPAINTED) return;
    this.credited = frame;
    this.socket.emit("credit", { frame });
  }

  private async ask(event: string, ...args: unknown[]): Promise<boolean> {
    if (!this.socket.connected) return false;
    try {
      const answer = (await this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(event, ...args)) as Answer;
      if (answer.error) console.warn(`${event}: ${answer.error.message}`);
      return answer.ok === true;
    } catch {
      return false;
    }
  }

  private turn(state: Connection): void {
    this.connection = state;
    this.events.connection?.(state);
  }
}
