/** Elements that change their places: they glide there, unless the reader wants less motion. */

const GLIDE_MS = 180;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** What not every browser has yet: moves an element together with all that runs in it. */
type Mover = Element & { moveBefore?: (node: Element, before: Element | null) => void };

/** The first children of `box` are `elements`, in this order. One that is in its place is left there. */
export function putInOrder(box: Element, elements: readonly Element[]): void {
  elements.forEach((element, i) => {
    const place = box.children[i] ?? null;
    if (place !== element) put(box, element, place);
  });
}

/** A frame that is moved in the plain way starts anew. */
function put(box: Mover, element: Element, before: Element | null): void {
  if (box.moveBefore && element.parentElement === box) box.moveBefore(element, before);
  else box.insertBefore(element, before);
}

/** Does `change`, and lets each of `elements` glide to its place from where it was. */
export function gliding(elements: readonly HTMLElement[], change: () => void): void {
  const before = elements.map((element) => element.getBoundingClientRect());
  change();
  if (still.matches) return;
  elements.forEach((element, i) => glide(element, before[i]!));
}

function glide(element: HTMLElement, before: DOMRect): void {
  const after = element.getBoundingClientRect();
  const [x, y] = [before.left - after.left, before.top - after.top];
  if ((x === 0 && y === 0) || before.width === 0) return;
  element.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: GLIDE_MS, easing: "ease-out" });
}
