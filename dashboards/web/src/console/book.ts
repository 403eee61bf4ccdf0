/** The lines of one writer as far as they were asked for, a chunk at a time. */

import type { ConsoleLine, ConsolePage, Writer } from "../model.ts";
import type { Part } from "../runapi.ts";

export type Ask = (writer: Writer | null, part: Part) => Promise<ConsolePage>;

const CHUNK = 500;
/** Chunks kept: those longest out of sight are asked for again. */
const KEPT = 80;
/** Of the end, asked for with each news: a progress bar changes lines that were there already. */
const TAIL = 300;

interface Chunk {
  lines: Map<number, ConsoleLine>;
  /** It holds all lines with numbers below this. */
  upTo: number;
  asking: boolean;
}

export class ConsoleBook {
  writers: readonly Writer[] = [];
  /** One more than the number of the last line. */
  length = 0;
  private chosen: Writer | null = null;
  private chunks = new Map<number, Chunk>();
  private refreshing = false;
  private again = false;

  /** `changed`: lines have come; `failed`: they could not be had. */
  constructor(
    private readonly ask: Ask, private readonly changed: () => void, private readonly failed: (error: unknown) => void,
  ) {}

  /** Who is shown; null before anything has come. */
  get writer(): Writer | null {
    return this.chosen ?? this.writers[0] ?? null;
  }

  choose(writer: Writer): void {
    this.chosen = writer;
    this.chunks = new Map();
    this.length = writer.lines;
    void this.refresh();
  }

  line(number: number): ConsoleLine | undefined {
    return this.chunks.get(Math.floor(number / CHUNK))?.lines.get(number);
  }

  /** Lines `first` to `last` are in sight: what is missing of them is asked for. */
  want(first: number, last: number): void {
    for (let n = Math.floor(first / CHUNK); n <= Math.floor(last / CHUNK); n++) void this.load(n);
  }

  /** The end, and how long it is; once more when it was asked meanwhile. */
  async refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = true;
    try {
      do {
        this.again = false;
        await this.readTail();
      } while (this.again);
    } catch (error) {
      this.failed(error);
    } finally {
      this.refreshing = false;
    }
  }

  private async readTail(): Promise<void> {
    const { chosen } = this;
    const page = await this.ask(chosen, { last: TAIL });
    if (chosen !== this.chosen) return;
    this.writers = page.writers;
    const newest = newestOf(page.writers);
    if (!chosen && newest && newest !== page.writers[0]) return this.choose(newest);
    if (page.items.length > 0) this.take(page.items, page.items[0]!.number, endOf(page.items));
    this.changed();
  }

  private async load(n: number): Promise<void> {
    const end = Math.min((n + 1) * CHUNK, this.length);
    const chunk = this.chunk(n);
    if (chunk.asking || chunk.upTo >= end || n * CHUNK >= this.length) return;
    chunk.asking = true;
    const { chosen } = this;
    try {
      const page = await this.ask(this.writer, { first: n * CHUNK, limit: CHUNK });
      if (chosen !== this.chosen) return;
      this.take(page.items.filter((line) => line.number < (n + 1) * CHUNK), n * CHUNK, end);
      this.changed();
    } catch (error) {
      this.failed(error);
    } finally {
      chunk.asking = false;
    }
  }

  /** All lines there are from `first` up to, without, `end`. */
  private take(lines: readonly ConsoleLine[], first: number, end: number): void {
    for (const line of lines) this.chunk(Math.floor(line.number / CHUNK)).lines.set(line.number, line);
    for (let n = Math.floor(first / CHUNK); n * CHUNK < end; n++) {
      const chunk = this.chunk(n);
      if (chunk.upTo >= first || first <= n * CHUNK) chunk.upTo = Math.max(chunk.upTo, Math.min(end, (n + 1) * CHUNK));
    }
    this.length = Math.max(this.length, end);
  }

  private chunk(n: number): Chunk {
    const found = this.chunks.get(n) ?? { lines: new Map(), upTo: n * CHUNK, asking: false };
    this.chunks.delete(n); // to the end of the order: the first ones are the longest unused
    this.chunks.set(n, found);
    for (const key of this.chunks.keys()) {
      if (this.chunks.size <= KEPT) break;
      this.chunks.delete(key);
    }
    return found;
  }
}

/** Who wrote in the newest session, of its lowest rank: what one comes to see. */
function newestOf(writers: readonly Writer[]): Writer | null {
  const better = (a: Writer, b: Writer): boolean => b.session > a.session || (b.session === a.session && b.rank < a.rank);
  return writers.reduce<Writer | null>((best, one) => (!best || better(best, one) ? one : best), null);
}

function endOf(lines: readonly ConsoleLine[]): number {
  return lines.reduce((end, line) => Math.max(end, line.number + 1), 0);
}
