/**
 * Cuts a lesson's Markdown at its `##` headings: each section is one screen of the walkthrough unless the front matter
 * groups them. Headings inside fenced code (CommonMark, 4.5) are text.
 */

import type { FrontMatter, Screen, Section } from "./schema.ts";

/** The anchor of a heading: `What PID 1 is` → `what-pid-1-is`. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[`*_'’]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** Markdown without blank lines before and after. The first line keeps its indentation: it may open a code block. */
export function withoutBlankEdges(markdown: string): string {
  return markdown.replace(/^(?:[ \t]*\r?\n)+/, "").trimEnd();
}

/** The Markdown above the first `##`, and the sections below. */
export function splitSections(body: string): { introduction: string; sections: Section[] } {
  const parts: { title: string | undefined; lines: string[] }[] = [{ title: undefined, lines: [] }];
  let fence: string | undefined;
  for (const line of body.split("\n")) {
    const heading = fence === undefined ? /^## +(.+?) *#*$/.exec(line)?.[1] : undefined;
    fence = fenceAfter(line, fence);
    if (heading !== undefined) parts.push({ title: heading, lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  const [introduction, ...sections] = parts;
  return {
    introduction: withoutBlankEdges(introduction?.lines.join("\n") ?? ""),
    sections: sections.map(({ title = "", lines }) => ({
      id: anchorOf(title),
      title,
      markdown: withoutBlankEdges(lines.join("\n")),
    })),
  };
}

/** The fence that is open after this line: a closing fence repeats the opening one's character at least as often. */
function fenceAfter(line: string, open: string | undefined): string | undefined {
  const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
  if (mark === null) return open;
  const [, fence = "", rest = ""] = mark;
  if (open === undefined) return fence;
  return fence.startsWith(open) && rest.trim() === "" ? undefined : open;
}

/**
 * The steps of the walkthrough.
 * @throws Error when a screen names a section that the text does not have
 */
export function screensOf(front: Pick<FrontMatter, "screens">, sections: readonly Section[]): Screen[] {
  if (front.screens === undefined) return sections.map((section) => ({ title: section.title, sections: [section] }));
  return front.screens.map((screen) => ({
    title: screen.title,
    sections: screen.sections.map((id) => {
      const section = sections.find((candidate) => candidate.id === id);
      if (section === undefined)
        throw new Error(`the screen “${screen.title}” names the section #${id}, which is not there`);
      return section;
    }),
  }));
}
