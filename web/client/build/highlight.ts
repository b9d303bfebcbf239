/**
 * Colours for listings, at build time (shiki). Tokens get classes, not style attributes: the page's style sheet decides,
 * light and dark.
 */

import bash from "@shikijs/langs/bash";
import c from "@shikijs/langs/c";
import json from "@shikijs/langs/json";
import {
  createCssVariablesTheme,
  createHighlighterCore,
  type HighlighterCore,
  type ShikiTransformer,
} from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

const THEME = createCssVariablesTheme({ name: "ringside", variablePrefix: "--code-" });

/** The language of a listing that does not say: lessons are typed into a shell. */
export const DEFAULT_LANGUAGE = "bash";

const ALIASES: Readonly<Record<string, string>> = { sh: "bash", shell: "bash", console: "bash" };

/** `style="color:var(--code-token-comment)"` → `class="code-token-comment"`. */
const CLASSES: ShikiTransformer = {
  name: "ringside-classes",
  pre(node) {
    delete node.properties.style;
    delete node.properties.tabindex;
  },
  span(node) {
    const variable = /--(code-[a-z-]+)/.exec(String(node.properties.style ?? ""))?.[1];
    delete node.properties.style;
    if (variable !== undefined && variable !== "code-foreground") this.addClassToHast(node, variable);
  },
};

export interface Highlighter {
  /** The listing as HTML: `<pre><code>…`. Languages that are not known are left plain. */
  highlight(source: string, language: string): string;
}

/**
 * Loads the grammars.
 */
export async function createHighlighter(): Promise<Highlighter> {
  const core: HighlighterCore = await createHighlighterCore({
    themes: [THEME],
    langs: [bash, c, json],
    engine: createJavaScriptRegexEngine(),
  });
  const known = new Set(core.getLoadedLanguages());
  return {
    highlight(source, language) {
      const named = ALIASES[language] ?? language;
      return core.codeToHtml(source, {
        lang: known.has(named) ? named : "text",
        theme: THEME,
        transformers: [CLASSES],
      });
    },
  };
}
