/**
 * The steps of a walkthrough: first the title, then the introduction, then the lesson's screens.
 */

import type { CompiledLesson, CompiledSection } from "./compiled-lesson.ts";

export type WalkStep =
  | { readonly kind: "title" }
  | { readonly kind: "text"; readonly title: string; readonly html: string; readonly needsLab: boolean };

/** What can only be done beside a terminal. */
const NEEDS_LAB = /<(lab-terminal|lesson-task|shell-listing)\b/;

/**
 * The steps of a lesson.
 */
export function walkSteps(lesson: CompiledLesson): WalkStep[] {
  const screens = lesson.walkthrough.map(({ title, sections }): WalkStep => {
    const shown = sections.flatMap((id) => lesson.sections.filter((section) => section.id === id));
    return textStep(title, shown.map((section) => bodyOf(section, shown.length > 1)).join(""));
  });
  const introduction = lesson.introductionHtml.trim() === "" ? [] : [textStep(lesson.title, lesson.introductionHtml)];
  return [{ kind: "title" }, ...introduction, ...screens];
}

function textStep(title: string, html: string): WalkStep {
  return { kind: "text", title, html, needsLab: NEEDS_LAB.test(html) };
}

function bodyOf({ title, html }: CompiledSection, titled: boolean): string {
  return titled ? `<h3>${escapeText(title)}</h3>${html}` : html;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * The step that a part of an address names (`#3`), kept within the walkthrough.
 */
export function stepOf(hash: string, steps: number): number {
  const named = Number(/^#(\d{1,4})$/.exec(hash)?.[1] ?? 1) - 1;
  return Math.min(Math.max(named, 0), steps - 1);
}

/** Where a key leads; undefined for keys that mean nothing here. */
export function stepAfterKey(key: string, shift: boolean, at: number, steps: number): number | undefined {
  const targets: Readonly<Record<string, number>> = {
    ArrowRight: at + 1,
    PageDown: at + 1,
    " ": shift ? at - 1 : at + 1,
    ArrowLeft: at - 1,
    PageUp: at - 1,
    Home: 0,
    End: steps - 1,
  };
  const target = targets[key];
  return target === undefined ? undefined : Math.min(Math.max(target, 0), steps - 1);
}
