/** Pictures and films of this server, and those that lie in their address. */

import { h } from "../dom.ts";
import type { Place } from "./address.ts";
import { words } from "./contentwords.ts";
import type { Picture } from "./imgview.ts";

type Known = Extract<Place, { url: string }>;

export class OwnPicture {
  /** Of what is shown: the address with the tag of its content. */
  private tag = "";

  /**
   * Null where it is what `before` shows: a film that is patched with its own address goes on. What
   * lies at an address is asked for anew, with its tag, so that little comes when it is the same.
   */
  async load(place: Known, shown: string, alt: string, before: Picture | null, signal: AbortSignal): Promise<Picture | null> {
    if (place.kind === "data") return this.loadData(place.url, alt, before);
    const answer = await fetch(place.url, { cache: "no-cache", signal });
    const tag = tagOf(place.url, answer);
    const type = answer.headers.get("Content-Type") ?? "";
    const isFilm = type.startsWith("video/");
    if (!answer.ok || isFilm || (tag === this.tag && before)) void answer.body?.cancel();
    if (!answer.ok) throw new Error(words.notFound(shown, answer.status));
    if (tag !== "" && tag === this.tag && before) return null;
    if (!isFilm && !type.startsWith("image/")) throw new Error(words.noPicture(shown, type));
    const picture = isFilm ? await loadFilm(place.url, shown) : await loadImage(await answer.blob(), shown, alt);
    if (!signal.aborted) this.tag = tag;
    return picture;
  }

  private async loadData(url: string, alt: string, before: Picture | null): Promise<Picture | null> {
    if (url === this.tag && before) return null;
    const shown = `${url.slice(0, 40)}…`;
    const picture = url.startsWith("data:video") ? await loadFilm(url, shown) : await loadImage(url, shown, alt);
    this.tag = url;
    return picture;
  }
}

/** "" where the server tells none. */
function tagOf(url: string, answer: Response): string {
  const tag = answer.headers.get("ETag") ?? answer.headers.get("Last-Modified");
  return tag ? `${url} ${tag}` : "";
}

async function loadImage(from: Blob | string, shown: string, alt: string): Promise<Picture> {
  const url = typeof from === "string" ? from : URL.createObjectURL(from);
  const remove = (): void => URL.revokeObjectURL(url);
  const image = h("img", { src: url, alt });
  await image.decode().catch(() => {
    remove();
    throw new Error(words.broken(shown));
  });
  const { naturalWidth, naturalHeight } = image;
  // An SVG may have no size of its own; then it takes the room that there is.
  const [width, height] = naturalWidth && naturalHeight ? [naturalWidth, naturalHeight] : [600, 400];
  return { element: image, width, height, again: (text) => h("img", { src: url, alt: text }), remove };
}

function loadFilm(url: string, shown: string): Promise<Picture> {
  const video = h("video", { loop: true, autoplay: true, playsinline: true, controls: true });
  video.muted = true; // the attribute says so only to new documents
  return new Promise((resolve, reject) => {
    video.onloadeddata = () => resolve({
      element: video, width: video.videoWidth, height: video.videoHeight, again: () => null, remove: () => video.removeAttribute("src"),
    });
    video.onerror = () => reject(new Error(words.broken(shown)));
    video.src = url;
  });
}
