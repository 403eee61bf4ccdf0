/** REST calls for entries and blobs. */

import { call, getJson, reached } from "../api.ts";
import { api } from "../base.ts";
import type { Body, BlobRef } from "./bodies.ts";
import type { StepsOfSeries } from "./timeline.ts";

export interface EntryItem {
  series: number;
  session: number;
  rank: number;
  ordinal: number;
  body: Body;
}

const MEDIA = /^(image|audio|video)\/[a-z0-9.+-]+$/;
const HASH = /^[0-9a-f]{64}$/;

export const getSteps = async (channel: string, signal?: AbortSignal): Promise<StepsOfSeries[]> =>
  (await getJson<{ series: StepsOfSeries[] }>(`/channels/${encodeURIComponent(channel)}/steps`, signal)).series;

/** The entries of a series with these ordinals. */
export async function getEntries(
  channel: string, series: number, ordinals: readonly number[], signal?: AbortSignal,
): Promise<EntryItem[]> {
  const query = new URLSearchParams({ series: String(series), ordinals: ordinals.join(",") });
  const path = `/channels/${encodeURIComponent(channel)}/entries?${query}`;
  return (await getJson<{ items: EntryItem[] }>(path, signal)).items;
}

/** The address of a blob; with `name` the browser saves it as a file. Throws when it is no hash. */
export function blobAddress(blob: Pick<BlobRef, "sha256"> & { mime?: string }, name?: string): string {
  if (!HASH.test(blob.sha256)) throw new RangeError("this entry names no blob");
  const address = api(`/blobs/${blob.sha256}`);
  if (name !== undefined) return `${address}?download=${encodeURIComponent(name)}`;
  // The same bytes may have come as a file first: what this entry says they are counts here.
  return MEDIA.test(blob.mime ?? "") ? `${address}?mime=${encodeURIComponent(blob.mime!)}` : address;
}

export async function getBlobText(blob: BlobRef, signal?: AbortSignal): Promise<string> {
  const answer = await fetchBlob(blob, signal);
  return reached(answer.text());
}

export async function getBlobBytes(blob: BlobRef, signal?: AbortSignal): Promise<ArrayBuffer> {
  const answer = await fetchBlob(blob, signal);
  return reached(answer.arrayBuffer());
}

const fetchBlob = (blob: BlobRef, signal?: AbortSignal): Promise<Response> => {
  if (!HASH.test(blob.sha256)) throw new RangeError("this entry names no blob");
  return call(`/blobs/${blob.sha256}`, { signal: signal ?? null });
};
