/** Columns as the server writes them: what `agnez_client/columns.py` says, by hand. */

export interface Written {
  series: number;
  channel?: number;
  session?: number;
  rank?: number;
  start: number;
  end: number;
  exact?: boolean;
  refetch?: boolean;
  x?: number[];
  y?: number[];
  wall?: number[];
}

export function columnsBytes(blocks: readonly Written[], number = 0): ArrayBuffer {
  const points = blocks.reduce((sum, block) => sum + (block.x?.length ?? 0), 0);
  const body = new ArrayBuffer(16 + 48 * blocks.length + 24 * points);
  const view = new DataView(body);
  [..."AGC1"].forEach((letter, i) => view.setUint8(i, letter.charCodeAt(0)));
  view.setUint32(4, number, true);
  view.setUint32(8, blocks.length, true);
  let at = 16 + 48 * blocks.length;
  blocks.forEach((block, i) => {
    const entry = 16 + 48 * i;
    const x = block.x ?? [];
    view.setUint32(entry, block.series, true);
    view.setUint32(entry + 4, block.channel ?? 0, true);
    view.setUint32(entry + 8, block.rank ?? 0, true);
    view.setUint32(entry + 12, ((block.exact ?? true) ? 1 : 0) | (block.refetch ? 2 : 0), true);
    view.setBigUint64(entry + 16, BigInt(block.start), true);
    view.setBigUint64(entry + 24, BigInt(block.end), true);
    view.setBigUint64(entry + 32, BigInt(block.session ?? 1), true);
    view.setUint32(entry + 40, x.length, true);
    for (const column of [x, block.y ?? x, block.wall ?? x]) {
      for (const value of column) {
        view.setFloat64(at, value, true);
        at += 8;
      }
    }
  });
  return body;
}
