/** What is true of every text in the checkout: it belongs to no machine, and its links lead somewhere. */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { allFiles, ROOT, read } from "./tree.ts";

const BINARY = /\.(png|jpg|ico|woff2?|gz|zst)$/;
const files = allFiles().filter((path) => !BINARY.test(path));
/** Its patterns are what it looks for. */
const SELF = "test/style/texts.test.ts";
const markdown = files.filter((path) => path.endsWith(".md"));

const FOREIGN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a home directory", /\/home\/(?!USER|me\b|you\b)[a-z][\w-]+\/|(?<![\w.])\/root\/\.?[\w-]+/],
  ["a place on the machine where it was written", /(?<![\w.])\/work\/|\/tmp\/(?!ringside)[a-z]+-?\d/],
  [
    "the host of a package registry",
    /\b(registry\.npmjs|pypi\.org|deb\.debian\.org|archive\.ubuntu)\b|jfrog|artifactory/,
  ],
];

describe("texts", () => {
  test.each(FOREIGN)("never name %s", (_, pattern) => {
    const others = files.filter((path) => path !== SELF);
    const found = others.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
    expect(found).toEqual([]);
  });

  test("end with a line break and carry no trailing blanks", () => {
    const checked = files.filter((path) => !path.endsWith("package-lock.json"));
    expect(checked.filter((path) => !/[^\n]\n$/.test(read(path)) && read(path) !== "")).toEqual([]);
    expect(checked.filter((path) => /[ \t]+$/m.test(read(path)))).toEqual([]);
  });
});

/** Text without what is code: fences and spans. */
function prose(text: string): string {
  return text.replace(/^(`{3,}|~{3,}).*\n[\s\S]*?^\1.*$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** The anchors of a page as GitHub makes them from its headings. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replace(/^(`{3,}|~{3,}).*\n[\s\S]*?^\1.*$/gm, "").matchAll(/^#{1,6} +(.+?) *#*$/gm);
  const counts = new Map<string, number>();
  const anchors = [...headings].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const before = counts.get(slug) ?? 0;
    counts.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(anchors);
}

/** @returns the links of a page that lead nowhere; `page` is where it lies */
function deadLinks(page: string, text: string): string[] {
  const links = [
    ...prose(text).matchAll(/!?\[[^\]]*\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|<(?:img|a)[^>]+(?:src|href)="([^"]+)"/g),
  ];
  return links
    .map(([, link, attribute]) => link ?? attribute ?? "")
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : posix.join(posix.dirname(page), decodeURIComponent(path));
      if (target.startsWith("..") || (target !== page && !existsSync(join(ROOT, target)))) return true;
      if (anchor === undefined || !target.endsWith(".md")) return false;
      return !anchorsOf(target === page ? text : read(target)).has(anchor);
    })
    .map((link) => `${page}: ${link}`);
}

describe("links", () => {
  test.each(markdown)("of %s lead somewhere", (page) => {
    expect(deadLinks(page, read(page))).toEqual([]);
  });

  test.each([
    ["a file that is not there", "[x](no-such-file.md)"],
    ["a heading that is not there", "# A Heading\n[x](#another)"],
    ["a place outside of the checkout", "[x](../elsewhere.md)"],
    ["a picture that is not there", `<img src="no-such.png">`],
  ])("to %s would be noticed", (_, text) => {
    expect(deadLinks("README.md", text)).toHaveLength(1);
  });

  test.each([
    ["a heading", "# Two commands, and `more`\n[x](#two-commands-and-more)"],
    ["the second of two equal headings", "# A\n# A\n[x](#a-1)"],
    ["a file", "[x](package.json)"],
    ["another site", "[x](https://example.org/a)"],
    ["nothing, in code", "`[x](nowhere)`\n\n```md\n[x](nowhere)\n```\n"],
  ])("to %s pass", (_, text) => {
    expect(deadLinks("README.md", text)).toEqual([]);
  });
});
