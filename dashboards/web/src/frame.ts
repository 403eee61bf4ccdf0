/**
 * Runs in the sandboxed frame: shows the HTML, or the Bokeh figure, which the page around it sends,
 * and tells that page how high it is. It has no origin, so it can reach nothing.
 */
{
  type Order =
    | { kind: "html"; html: string }
    | { kind: "bokeh"; item: unknown };

  interface Library {
    embed: { embed_item(item: unknown, target: HTMLElement): Promise<unknown> };
    set_log_level(level: string): void;
  }

  const bokehAddress = document.querySelector<HTMLMetaElement>('meta[name="agnez-bokeh"]')!.content;
  const around = window.parent;

  const tell = (message: { kind: "ready" | "shown" | "height" | "failed"; value?: number | string }): void =>
    around.postMessage({ agnez: true, ...message }, "*");

  const watchHeight = (): void => {
    const look = (): void => {
      const { documentElement: root, body } = document;
      tell({ kind: "height", value: Math.ceil(Math.max(body?.offsetHeight ?? 0, body?.scrollHeight ?? 0, root.offsetHeight)) });
    };
    new ResizeObserver(look).observe(document.body ?? document.documentElement);
    look();
  };

  /** The document anew: its own scripts run, and this one stays. */
  const showHtml = (html: string): void => {
    document.open();
    document.write(html);
    document.close();
    listen();
    const done = (): void => {
      watchHeight();
      tell({ kind: "shown" });
    };
    if (document.readyState === "complete") done();
    else window.addEventListener("load", done);
  };

  const loadBokeh = (): Promise<Library> =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = bokehAddress;
      script.onload = () => resolve((window as unknown as { Bokeh: Library }).Bokeh);
      script.onerror = () => reject(new Error("bokeh.min.js could not be fetched"));
      document.head.append(script);
    });

  const showBokeh = async (item: unknown): Promise<void> => {
    const place = document.createElement("div");
    document.body.replaceChildren(place);
    document.body.style.margin = "0";
    const bokeh = await loadBokeh();
    bokeh.set_log_level("warn");
    await bokeh.embed.embed_item(item, place);
    watchHeight();
    tell({ kind: "shown" });
  };

  const take = async (order: Order): Promise<void> => {
    try {
      if (order.kind === "html") showHtml(order.html);
      else await showBokeh(order.item);
    } catch (error) {
      tell({ kind: "failed", value: String(error) });
    }
  };

  const hear = (event: MessageEvent): void => {
    if (event.source === around) void take(event.data as Order);
  };

  const listen = (): void => window.addEventListener("message", hear);

  listen();
  tell({ kind: "ready" });
}
