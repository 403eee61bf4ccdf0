/** A row that scrolls sideways fades where it goes on. */

/** Keeps `data-more` of `row` at "", "left", "right" or "left right"; shell.css does the rest. */
export function fadeEdges(row: HTMLElement): void {
  const look = (): void => {
    const { scrollLeft, scrollWidth, clientWidth } = row;
    row.dataset["more"] = [
      scrollLeft > 1 && "left", scrollLeft + clientWidth < scrollWidth - 1 && "right",
    ].filter(Boolean).join(" ");
  };
  row.addEventListener("scroll", look, { passive: true });
  const size = new ResizeObserver(look);
  size.observe(row);
  if (row.firstElementChild) size.observe(row.firstElementChild);
}
