/**
 * Markdown of a run as DOM. What `marked` makes of it goes through DOMPurify, which keeps words and
 * their shape: no script, no style, no form, no frame, and no picture of another host.
 */

import createDOMPurify from "dompurify";
import { marked } from "marked";

const TAGS = [
  "a", "b", "blockquote", "br", "code", "dd", "del", "details", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
  "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "s", "small", "strong", "sub", "summary", "sup",
  "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "span", "div", "input",
];
const ATTRIBUTES = ["href", "src", "alt", "title", "align", "colspan", "rowspan", "start", "open", "type", "checked", "disabled"];
const LINK = /^(?:https?:|mailto:|#)/i;
/** Pictures inside of the text, in a format that can't run. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);/i;

/** Longer texts are shown as they are: laying them out would hold the page up. */
const MOST = 400_000;
/** Looking for emphasis takes as long as the square of its marks in a paragraph: about two seconds. */
const MOST_WORK = 100_000_000;

export function renderMarkdown(text: string): Node {
  const html = parsed(text);
  if (html === null) return asSent(text);
  const clean = purifier().sanitize(html, {
    ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of clean.querySelectorAll("a")) tame(link);
  for (const image of clean.querySelectorAll("img")) {
    if (!PICTURE.test(image.getAttribute("src") ?? "")) image.replaceWith(replacement(image));
  }
  for (const input of clean.querySelectorAll("input")) {
    if (input.type === "checkbox") input.disabled = true;
    else input.remove();
  }
  return clean;
}

/** Null where it would take too long, or is nested too deep. */
function parsed(text: string): string | null {
  if (text.length > MOST || work(text) > MOST_WORK) return null;
  try {
    return marked.parse(text, { async: false, gfm: true, breaks: false });
  } catch {
    return null;
  }
}

/** Squares of the marks of emphasis in each paragraph; only what surely begins another one parts them. */
function work(text: string): number {
  let sum = 0;
  for (const part of text.split(/\n(?=[ \t]*\n| {0,3}(?:[-*+]|#{1,6}) )/)) sum += (part.match(/[*_~]/g)?.length ?? 0) ** 2;
  return sum;
}

let made: ReturnType<typeof createDOMPurify> | null = null;
const purifier = (): ReturnType<typeof createDOMPurify> => (made ??= createDOMPurify(window));

function asSent(text: string): Node {
  const place = document.createElement("pre");
  place.className = "plain-text";
  place.textContent = text;
  return place;
}

function tame(link: HTMLAnchorElement): void {
  const address = link.getAttribute("href") ?? "";
  if (!LINK.test(address)) return void link.removeAttribute("href");
  if (address.startsWith("#")) return;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

/** A picture elsewhere is a link: the reader decides whether to ask that host. */
function replacement(image: HTMLImageElement): HTMLElement {
  const address = image.getAttribute("src") ?? "";
  const link = document.createElement("a");
  link.textContent = image.alt || address.slice(0, 200);
  if (LINK.test(address)) {
    link.href = address;
    tame(link);
  }
  return link;
}
