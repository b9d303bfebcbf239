/**
 * HTML that cannot be broken out of: a tagged template that escapes whatever is put into it, unless that is markup itself
 * (HTML, 13.1.2.4 and 13.3: text and double-quoted attribute values). A report's JSON may come from anywhere.
 */

/** A piece of HTML that this module has made, or that was written in the source. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text is escaped, nothing is left out. */
export type Content = Markup | string | number | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Controls that a page has no use for, and those that turn the direction of the text around them (UAX #9). */
const UNWANTED = /(?![\t\n\r])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Makes markup of a template; its values are escaped.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.reduce((text, part, index) => text + textOf(values[index - 1]) + part));
}

/**
 * Text as it stands in a page or between double quotes.
 */
export function escapeText(text: string): string {
  return text.replace(UNWANTED, "\ufffd").replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

/**
 * Several pieces with another between them.
 */
export function joined(pieces: readonly Content[], between: Content): Content {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [between, piece]));
}

/**
 * Text in which what stands between backticks is code; one backtick alone is only itself.
 */
export function withCode(text: string): Content {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "string") return escapeText(content);
  return typeof content === "number" ? String(content) : content.map(textOf).join("");
}
