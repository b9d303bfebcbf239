/**
 * The text that stands between an element's tags, for readers without the app. An element that draws itself takes it
 * out first; some show it again inside what they draw.
 */

const taken = new WeakSet<Element>();

/**
 * Takes the children out, once. Later calls give an empty fragment: what is inside by then was drawn by the element.
 */
export function takeChildren(element: Element): DocumentFragment {
  const fragment = document.createDocumentFragment();
  if (taken.has(element)) return fragment;
  taken.add(element);
  fragment.append(...element.childNodes);
  return fragment;
}
