/** A problem as a page, for the moments in which a person meets one without the app around it. */

import type { Problem } from "../protocol/problem.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const STYLE = `
  :root { color-scheme: light dark; }
  body { max-width: 38rem; margin: 15vh auto 0; padding: 0 1.5rem; font: 1.0625rem/1.6 system-ui, sans-serif; }
  h1 { font-size: 1.25rem; }
  p { white-space: pre-line; overflow-wrap: anywhere; }
`;

/** Text as it may stand in HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** The page. */
export function problemPage({ error, fix }: Problem): string {
  const sentence = `${error.slice(0, 1).toUpperCase()}${error.slice(1)}.`;
  const advice = fix === undefined ? "" : `<p>${escapeHtml(`${fix.slice(0, 1).toUpperCase()}${fix.slice(1)}.`)}</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringside</title>
<style>${STYLE}</style>
<h1>Ringside</h1>
<p>${escapeHtml(sentence)}</p>
${advice}
</html>
`;
}
