/**
 * Takes away what would reach others past every policy: connections between browsers. Documents
 * within the frame inherit its policy, but not this, so each is given it before it is read.
 */
export function guard(): void {
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) Reflect.deleteProperty(window, name);
  const script = `<script>(${guard})()</script>`;
  const given = new WeakMap<Element, string>();

  const give = (frame: Element): void => {
    const inner = frame.getAttribute("srcdoc") ?? "";
    if (given.get(frame) === inner) return;
    const doctype = /^\s*<!doctype[^>]*>/i.exec(inner)?.[0] ?? "";
    const text = doctype + script + inner.slice(doctype.length);
    given.set(frame, text);
    frame.setAttribute("srcdoc", text);
  };
  const watch = (root: Document | ShadowRoot): void => {
    const look = (): void => root.querySelectorAll("iframe[srcdoc]").forEach(give);
    new MutationObserver(look).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["srcdoc"] });
  };

  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how: ShadowRootInit): ShadowRoot {
    const root = attach.call(this, how);
    watch(root);
    return root;
  };
  watch(document);
}
