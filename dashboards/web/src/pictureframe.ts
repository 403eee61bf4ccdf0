/**
 * Runs in the frame for a picture or a film of another server: shows it, and tells the page around
 * it how large it is. No foreign HTML ever comes here, and the frame has no origin.
 */
{
  type Answer = { kind: "loaded"; width: number; height: number } | { kind: "failed" };

  const FILM = /\.(mp4|m4v|mov|webm|ogv)$/i;

  const picture = async (address: string): Promise<Answer> => {
    const image = new Image();
    image.referrerPolicy = "no-referrer";
    // decode() waits for the next drawing, which may never come: the frame is out of sight as yet.
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = address;
    });
    document.body.replaceChildren(image);
    return { kind: "loaded", width: image.naturalWidth, height: image.naturalHeight };
  };

  const film = (address: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const video = document.createElement("video");
      Object.assign(video, { muted: true, loop: true, autoplay: true, playsInline: true, controls: true });
      video.onloadeddata = () => resolve({ kind: "loaded", width: video.videoWidth, height: video.videoHeight });
      video.onerror = () => reject(new Error("no film"));
      document.body.replaceChildren(video);
      video.src = address;
    });

  const show = async (address: string): Promise<Answer> => {
    const first = FILM.test(new URL(address).pathname) ? [film, picture] : [picture, film];
    for (const way of first) {
      const answer = await way(address).catch(() => null);
      if (answer) return answer;
    }
    return { kind: "failed" };
  };

  const begin = (event: MessageEvent): void => {
    const port = event.ports[0];
    if (event.source !== window.parent || !port) return;
    window.removeEventListener("message", begin);
    void show(String(event.data)).then((answer) => port.postMessage(answer));
  };

  window.addEventListener("message", begin);
}
