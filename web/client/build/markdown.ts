/**
 * A lesson's Markdown as HTML, at build time (markdown-it). The lesson's own tags (`<predict-choice>` …) go through as
 * they are: in the browser they are elements.
 */

import MarkdownIt from "markdown-it";
import { DEFAULT_LANGUAGE, type Highlighter } from "./highlight.ts";

export interface MarkdownCompiler {
  compile(markdown: string): string;
}

/**
 * A compiler that colours listings with the highlighter.
 */
export function createMarkdown(highlighter: Highlighter): MarkdownCompiler {
  const markdown = new MarkdownIt({ html: true, typographer: true });
  const listing = (source: string, language: string): string => {
    const body = highlighter.highlight(source.replace(/\n$/, ""), language);
    // Only what a shell reads can be sent to one.
    return isShell(language) ? `<shell-listing>${body}</shell-listing>\n` : `${body}\n`;
  };
  markdown.renderer.rules.code_block = (tokens, at) => listing(tokens[at]?.content ?? "", DEFAULT_LANGUAGE);
  markdown.renderer.rules.fence = (tokens, at) => {
    const token = tokens[at];
    return listing(token?.content ?? "", token?.info.trim().split(/\s/, 1)[0] || DEFAULT_LANGUAGE);
  };
  markdown.renderer.rules.table_open = () => '<div class="table-scroll"><table>';
  markdown.renderer.rules.table_close = () => "</table></div>\n";
  return { compile: (source) => markdown.render(source) };
}

function isShell(language: string): boolean {
  return ["bash", "sh", "shell"].includes(language);
}
