/** The tags of a run, with a field for more where the reader may change them. */

import { fill, h } from "./dom.ts";
import { icon } from "./icons.ts";
import { words } from "./words.ts";

export class TagEditor {
  private readonly list = h("div", { class: "tags" });
  private readonly input = h("input", {
    class: "tag-field", placeholder: words.addTag, "aria-label": words.addTag, maxlength: 256, spellcheck: "false",
  });
  readonly element = h("div", {}, this.list);
  private tags: readonly string[] = [];
  private editable = false;
  private shown = "";

  /** `changed` hears the tags as the reader wants them. */
  constructor(private readonly changed: (tags: readonly string[]) => void) {
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.add();
    });
  }

  get isEmpty(): boolean {
    return this.tags.length === 0 && !this.editable;
  }

  allow(): void {
    this.editable = true;
    this.element.append(this.input);
    this.draw();
  }

  show(tags: readonly string[]): void {
    this.tags = tags;
    this.draw();
  }

  private draw(): void {
    const wanted = JSON.stringify([this.tags, this.editable]);
    if (wanted === this.shown) return;
    this.shown = wanted;
    fill(this.list, ...this.tags.map((tag) => h("span", { class: "tag" }, h("span", {}, tag), this.editable && this.removeButton(tag))));
  }

  private removeButton(tag: string): HTMLElement {
    return h("button", {
      type: "button", class: "tag-remove", "aria-label": words.removeTag(tag), title: words.removeTag(tag),
      onclick: () => {
        this.changed(this.tags.filter((one) => one !== tag));
        this.input.focus();
      },
    }, icon("close", 9));
  }

  private add(): void {
    const tag = this.input.value.trim();
    this.input.value = "";
    if (tag && !this.tags.includes(tag)) this.changed([...this.tags, tag]);
  }
}
