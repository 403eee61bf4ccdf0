/**
 * Runs in the sandboxed frame: shows the HTML, or the Bokeh figure, which the page around it sends,
 * and tells that page how large it is. It has no origin and may ask no server for anything; scripts
 * of ours come from the page.
 */

import { guard } from "./frame/guard.ts";
import { Page, type ScriptName } from "./frame/scripts.ts";
import { SizeWatch } from "./frame/size.ts";
import type { FrameWord, Order, PageWord } from "./frame/orders.ts";

interface Bokeh {
  embed: { embed_item(item: unknown, target: HTMLElement): Promise<unknown> };
  set_log_level(level: string): void;
  documents: readonly { is_idle: boolean }[];
}

type Scripts = Partial<Record<ScriptName, Blob>>;

const SETTLED_WITHIN_MS = 2000;
const MOST_BLOCKED = 20;
const KINDS: Record<string, string> = {
  script: "scripts", style: "styles", img: "images", font: "fonts", media: "films", connect: "data", frame: "pages",
};

const bokehOf = (): Bokeh | undefined => (window as unknown as { Bokeh?: Bokeh }).Bokeh;

class Frame {
  private readonly addresses = new Map<ScriptName, string>();
  private readonly blocked = new Set<string>();
  private given: { take: (scripts: Scripts) => void; refuse: (error: Error) => void } | null = null;

  constructor(private readonly port: MessagePort) {
    port.onmessage = (event) => this.hear(event.data as PageWord);
    this.tell({ kind: "here" });
  }

  private async show(order: Order): Promise<void> {
    try {
      if (order.kind === "html") await this.showHtml(order.html, order.bokeh);
      else await this.showBokeh(order.item);
      await settled();
      new SizeWatch((width, height) => this.tell({ kind: "size", width, height })).start();
      this.tell({ kind: "shown" });
    } catch (error) {
      this.tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  }

  private tell(word: FrameWord): void {
    this.port.postMessage(word);
  }

  private hear(word: PageWord): void {
    if (word.kind === "order") void this.show(word.order);
    if (word.kind === "there?") this.tell({ kind: "here" });
    if (word.kind === "scripts") this.given?.take(word.scripts);
    if (word.kind === "failed") this.given?.refuse(new Error(word.why));
  }

  /** The document anew: its own scripts run, and this one stays. */
  private async showHtml(html: string, bokeh: string): Promise<void> {
    const page = new Page(html);
    await this.load(page.needs);
    if (page.bokeh && majorOf(page.bokeh) !== majorOf(bokeh)) this.tell({ kind: "bokeh", made: page.bokeh });
    document.open();
    document.addEventListener("securitypolicyviolation", (event) => this.noteBlocked(event));
    const loaded = new Promise((resolve) => window.addEventListener("load", resolve, { once: true }));
    document.write(page.text((name) => this.addresses.get(name) ?? ""));
    document.close();
    await loaded;
  }

  private async showBokeh(item: unknown): Promise<void> {
    await this.load(new Set(["bokeh"]));
    const place = document.createElement("div");
    document.body.replaceChildren(place);
    document.body.style.margin = "0";
    await run(this.addresses.get("bokeh")!);
    const bokeh = bokehOf()!;
    bokeh.set_log_level("warn");
    await bokeh.embed.embed_item(item, place);
  }

  /** Our scripts `names` as addresses within this frame. */
  private async load(names: ReadonlySet<ScriptName>): Promise<void> {
    if (names.size === 0) return;
    const scripts = await new Promise<Scripts>((take, refuse) => {
      this.given = { take, refuse };
      this.tell({ kind: "need", scripts: [...names] });
    });
    for (const name of names) {
      const script = scripts[name];
      if (script) this.addresses.set(name, URL.createObjectURL(script));
    }
  }

  private noteBlocked(event: SecurityPolicyViolationEvent): void {
    const what = KINDS[event.effectiveDirective.split("-", 1)[0]!];
    if (!what || !URL.canParse(event.blockedURI)) return;
    const { protocol, host } = new URL(event.blockedURI);
    if (!protocol.startsWith("http") && !protocol.startsWith("ws")) return;
    const from = host === location.host ? "" : host;
    if (this.blocked.has(`${what} ${from}`) || this.blocked.size >= MOST_BLOCKED) return;
    this.blocked.add(`${what} ${from}`);
    this.tell({ kind: "blocked", what, host: from });
  }
}

/** Bokeh draws after the page has loaded; then the browser has to. */
async function settled(): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS;
  await painted();
  while (bokehOf()?.documents?.some((one) => !one.is_idle) && performance.now() < until) await painted();
}

/** After the next frame; a page that nobody sees draws none. */
const painted = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => resolve());
    setTimeout(resolve, 100);
  });

function run(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("Bokeh's script does not run"));
    document.head.append(script);
  });
}

const majorOf = (version: string): string => version.split(".", 1)[0]!;

const begin = (event: MessageEvent): void => {
  const port = event.ports[0];
  if (event.source !== window.parent || !port) return;
  window.removeEventListener("message", begin);
  new Frame(port);
};

guard();
window.addEventListener("message", begin);
