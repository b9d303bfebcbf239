/**
 * The page's only script: over a distribution the pointer shows the moment that it points at, and each system's share of
 * starts that had got there. Nothing depends on it. It is text because it becomes part of the file that is written.
 */

export const HOVER_SCRIPT = `"use strict";
for (const figure of document.querySelectorAll("figure.lanes[data-from]")) {
  const from = Math.log(Number(figure.dataset.from)), to = Math.log(Number(figure.dataset.to));
  const lanes = [...figure.querySelectorAll(".lane > svg[data-places]")].map((svg) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "pointer");
    line.setAttribute("y2", "100%");
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("class", "pointer");
    text.setAttribute("y", "13");
    return { svg, line, text, places: svg.dataset.places.split(" ").map(Number) };
  });
  const words = (ms) => ms >= 1000 ? (ms / 1000).toPrecision(3) + " s" : ms >= 1 ? ms.toPrecision(3) + " ms" : (ms * 1000).toPrecision(3) + " µs";
  const hide = () => { for (const { line, text } of lanes) { line.remove(); text.remove(); } };
  figure.addEventListener("pointerleave", hide);
  figure.addEventListener("pointermove", (event) => {
    const box = lanes[0]?.svg.getBoundingClientRect();
    const at = box === undefined ? -1 : (event.clientX - box.left) / box.width * 100;
    if (at < 0 || at > 100) return hide();
    const time = words(Math.exp(from + (Math.min(Math.max(at, 1.5), 98.5) - 1.5) / 97 * (to - from)));
    for (const { svg, line, text, places } of lanes) {
      const share = places.filter((place) => place <= at).length / places.length;
      line.setAttribute("x1", at + "%");
      line.setAttribute("x2", at + "%");
      text.setAttribute("x", at + (at > 70 ? -1 : 1) + "%");
      text.style.textAnchor = at > 70 ? "end" : "start";
      text.textContent = time + ": " + Math.round(share * 100) + " %";
      svg.append(line, text);
    }
  });
}
`;
