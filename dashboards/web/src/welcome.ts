/** What a server without runs shows: how the first number gets here. */

import { base } from "./base.ts";
import { h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import { strings } from "./strings.ts";

export function welcome(needsToken: boolean): HTMLElement {
  const server = location.origin + base;
  const token = needsToken ? ', token="agnez_…"' : "";
  const header = needsToken ? " -H 'Authorization: Bearer agnez_…'" : "";
  return h("div", { class: "welcome" },
    h("h1", {}, strings.welcomeTitle), h("p", {}, strings.welcomeText),
    snippet(strings.fromPython, [
      "from agnez_client import Context",
      `with Context(url="${server}"${token}) as ctx:`,
      '    loss = ctx.job.create_channel("loss", "NUMERIC")',
      "    loss.send(x=0, y=0.5)",
    ].join("\n")),
    snippet(strings.fromAnywhere,
      `curl${header} -d '{"run": "first", "channel": "loss", "y": 0.5}' \\\n  ${server}/api/v1/points`),
    needsToken && h("p", {}, strings.tokenHelp),
    h("p", { class: "waiting", role: "status" }, h("span", { class: "pulse" }), strings.waiting));
}

function snippet(title: string, code: string): HTMLElement {
  const word = h("span", {}, strings.copy);
  const button = h("button", { type: "button", class: "button small", "aria-label": `${strings.copy}: ${title}` },
    icon("copy", 13), word);
  button.addEventListener("click", () => {
    void navigator.clipboard?.writeText(code).then(() => {
      setText(word, strings.copied);
      setTimeout(() => setText(word, strings.copy), 1500);
    });
  });
  return h("figure", { class: "snippet" },
    h("figcaption", {}, title, button), h("pre", { class: "mono", tabindex: 0 }, h("code", {}, code)));
}
