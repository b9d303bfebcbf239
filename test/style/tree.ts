/**
 * What the checkout consists of, for the rules that are held here: its files, and what each module imports. Parsed by
 * the parser that also builds the app (vite.dev/guide/api-javascript), so nothing in a comment or a string counts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseSync } from "vite";

export const ROOT = dirname(dirname(import.meta.dirname));

/** What is made here and not kept: the rows of .gitignore, and git's own folder. */
const IGNORED = ["node_modules", "dist", "native/build", ".git", ".vite"];

/** One import of one module, by paths from the checkout's root where it leads to a file of ours. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Nothing of it is left when the module runs. */
  readonly isType: boolean;
  /** By `import()`: not loaded with the module, but when asked for. */
  readonly isLate: boolean;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** As they are written. */
  readonly relativeImports: readonly string[];
  /** `export … from` of something that is there when the module runs. */
  readonly passesOnValues: boolean;
  readonly hasDefaultExport: boolean;
  /** The text without its comments, line for line. */
  readonly code: string;
}

/** @returns every file that belongs to the checkout, as paths from its root */
export function allFiles(): string[] {
  const walk = (directory: string): string[] =>
    readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(directory, entry.name);
      if (IGNORED.includes(path) || IGNORED.includes(entry.name) || path.endsWith(".log")) return [];
      return entry.isDirectory() ? walk(path) : [path];
    });
  return walk("").sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** @returns every TypeScript module below the folders, parsed */
export function modules(...folders: readonly string[]): Module[] {
  return allFiles()
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .filter((path) => folders.length === 0 || folders.some((folder) => path.startsWith(`${folder}/`)))
    .map((path) => parseModule(path, read(path)));
}

/** @throws Error where the text is not TypeScript */
export function parseModule(path: string, text: string): Module {
  const { module, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`parse ${path}: ${errors[0]?.message}`);
  const found: Omit<Import, "from">[] = [];
  let passesOnValues = false;
  let hasDefaultExport = false;
  for (const { moduleRequest, entries } of module.staticImports) {
    const isType = entries.length > 0 && entries.every((entry) => entry.isType);
    found.push({ to: moduleRequest.value, isType, isLate: false });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, exportName, isType } of entries) {
      if (exportName.kind === "Default") hasDefaultExport = true;
      if (moduleRequest === null) continue;
      passesOnValues ||= !isType;
      found.push({ to: moduleRequest.value, isType, isLate: false });
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const written = text.slice(moduleRequest.start, moduleRequest.end);
    if (/^["'`]/.test(written)) found.push({ to: written.slice(1, -1), isType: false, isLate: true });
  }
  const imports = found.map((one) => ({ ...one, from: path, to: resolve(path, one.to) }));
  const relativeImports = found.map(({ to }) => to).filter((to) => to.startsWith("."));
  const code = withoutComments(text, comments);
  return { path, text, imports, relativeImports, passesOnValues, hasDefaultExport, code };
}

function resolve(from: string, to: string): string {
  return to.startsWith(".") ? posix.join(posix.dirname(from), to) : to;
}

function withoutComments(text: string, comments: readonly { start: number; end: number }[]): string {
  let code = text;
  for (const { start, end } of comments) {
    const blank = text.slice(start, end).replace(/[^\n]/g, " ");
    code = code.slice(0, start) + blank + code.slice(end);
  }
  return code;
}

const TOP_LEVEL = new Set(readdirSync(ROOT).filter((name) => !IGNORED.includes(name)));

/** Whether what is imported is a file of this checkout, and not a package. */
export function isOurs(to: string): boolean {
  return TOP_LEVEL.has(to.split("/")[0] ?? "");
}
