/** Columns of points in the binary format of `agnez_client/columns.py`. */

export interface Block {
  series: number;
  channel: number;
  session: number;
  rank: number;
  /** Speaks for the points start <= ordinal < end of its series. */
  start: number;
  end: number;
  exact: boolean;
  refetch: boolean;
  x: Float64Array;
  y: Float64Array;
  wall: Float64Array;
}

export interface Frame {
  number: number;
  blocks: Block[];
}

const MAGIC = 0x31434741; // "AGC1", little-endian
const HEAD = 16;
const ENTRY = 48;
const EXACT = 1;
const REFETCH = 2;

export const COLUMNS = "application/x-agnez-columns";

/** Throws a RangeError when `body` is not in this format or is cut. */
export function decodeFrame(body: ArrayBuffer): Frame {
  const view = new DataView(body);
  if (body.byteLength < HEAD || view.getUint32(0, true) !== MAGIC) {
    throw new RangeError("not columns: the magic bytes AGC1 are missing");
  }
  const count = view.getUint32(8, true);
  let at = HEAD + ENTRY * count;
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const entry = HEAD + ENTRY * i;
    const size = view.getUint32(entry + 40, true);
    blocks.push(decodeBlock(view, entry, at, size));
    at += 24 * size;
  }
  return { number: view.getUint32(4, true), blocks };
}

function decodeBlock(view: DataView, entry: number, at: number, size: number): Block {
  const flags = view.getUint32(entry + 12, true);
  const column = (k: number): Float64Array => new Float64Array(view.buffer as ArrayBuffer, at + 8 * size * k, size);
  return {
    series: view.getUint32(entry, true),
    channel: view.getUint32(entry + 4, true),
    rank: view.getUint32(entry + 8, true),
    start: Number(view.getBigUint64(entry + 16, true)),
    end: Number(view.getBigUint64(entry + 24, true)),
    session: Number(view.getBigUint64(entry + 32, true)),
    exact: (flags & EXACT) !== 0,
    refetch: (flags & REFETCH) !== 0,
    x: column(0),
    y: column(1),
    wall: column(2),
  };
}
