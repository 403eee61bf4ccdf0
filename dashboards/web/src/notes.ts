/** Notes on a run: Markdown, written in place. What the run sends meanwhile does not disturb it. */

import { fill, h, setText } from "./dom.ts";
import { words } from "./words.ts";
import { strings } from "./strings.ts";

export class Notes {
  private readonly text = h("div", { class: "notes" });
  private readonly area = h("textarea", { class: "notes-field", rows: 6, "aria-label": strings.notes });
  private readonly open = h("button", { type: "button", class: "button small", hidden: true, onclick: () => this.turn(true) });
  private readonly form = h("div", { class: "notes-form", hidden: true }, this.area,
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "button small primary", onclick: () => this.save() }, words.save),
      h("button", { type: "button", class: "button small", onclick: () => this.turn(false) }, words.cancel)));
  readonly element = h("div", {}, this.text, this.open, this.form);
  private notes = "";
  private editable = false;

  constructor(private readonly changed: (notes: string) => void) {
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.save();
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.turn(false);
    });
  }

  get isEmpty(): boolean {
    return this.notes === "" && !this.editable;
  }

  allow(): void {
    this.editable = true;
    this.open.hidden = !this.form.hidden;
  }

  show(notes: string): void {
    if (notes !== this.notes) void this.draw(notes);
    this.notes = notes;
    setText(this.open, notes ? words.editNotes : words.addNotes);
  }

  /** As they were written, until what draws Markdown is here. */
  private async draw(notes: string): Promise<void> {
    this.text.classList.remove("prose");
    setText(this.text, notes);
    if (notes === "") return;
    const { renderMarkdown } = await import("./kinds/markdown.ts");
    if (notes !== this.notes) return;
    this.text.classList.add("prose");
    fill(this.text, renderMarkdown(notes));
  }

  private turn(editing: boolean): void {
    this.form.hidden = !editing;
    this.text.hidden = editing;
    this.open.hidden = editing || !this.editable;
    if (!editing) return this.open.focus();
    this.area.value = this.notes;
    this.area.focus();
  }

  private save(): void {
    if (this.area.value !== this.notes) this.changed(this.area.value);
    this.turn(false);
  }
}
