/**
 * Makes a part of the page say what fresh markup says, with as little change as it takes: elements stay the same ones, so
 * that focus, selected text and what was folded open stay. An element with `data-key` is found again wherever it stands; one
 * that is new is marked `data-fresh`. The text of `data-count` goes to `count` instead of being replaced.
 */
export function morph(old: Element, fresh: Element, count: (place: Element, text: string) => void): void {
  morphAttributes(old, fresh);
  if (fresh.hasAttribute("data-count")) {
    count(old, fresh.textContent ?? "");
    return;
  }
  morphChildren(old, fresh, count);
}

function morphAttributes(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** What whoever looks at the page did to it, and the page itself. */
function isOwn(element: Element, name: string): boolean {
  return (name === "open" && element.localName === "details") || name === "data-fresh";
}

function morphChildren(old: Element, fresh: Element, count: (place: Element, text: string) => void): void {
  const known = new Map<string, Element>();
  for (const child of old.children) {
    const key = keyOf(child);
    if (key) known.set(key, child);
  }
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const there = key ? known.get(key) : isLike(at, wanted) ? at : undefined;
    if (!there || there.nodeName !== wanted.nodeName) {
      const added = document.importNode(wanted, true);
      if (key) (added as Element).setAttribute("data-fresh", "");
      old.insertBefore(added, at);
      continue;
    }
    if (there === at) at = at?.nextSibling ?? null;
    else old.insertBefore(there, at);
    if (there instanceof Element) morph(there, wanted as Element, count);
    else if (there.nodeValue !== wanted.nodeValue) there.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(node: Node): string | undefined {
  return node instanceof Element ? (node.getAttribute("data-key") ?? undefined) : undefined;
}

function isLike(there: ChildNode | null, wanted: Node): there is ChildNode {
  return there !== null && there.nodeName === wanted.nodeName && !keyOf(there);
}
