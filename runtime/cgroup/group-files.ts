/** The control files of a running container's groups, found by controller and parsed by form. cgroups(7). */
import { type CgroupLayout, wordsOf } from "./layout.ts";
import { readGroupFile } from "./processes.ts";

/** v1 writes "no limit" as the largest multiple of a page that its counters hold. */
const UNLIMITED = 2 ** 62;

export class GroupFiles {
  readonly #layout: CgroupLayout;
  readonly #paths: readonly string[];

  /** @param paths the container's group in each hierarchy */
  constructor(layout: CgroupLayout, paths: readonly string[]) {
    this.#layout = layout;
    this.#paths = paths;
  }

  /** The version of a controller that the container is in; undefined where it is in none. */
  version(controller: string): 1 | 2 | undefined {
    return this.#group(controller) === undefined ? undefined : this.#layout.controllers[controller]?.version;
  }

  /** A file's text; undefined where the container is not in that controller, or the kernel has no such file. */
  text(controller: string, file: string): string | undefined {
    const group = this.#group(controller);
    return group === undefined ? undefined : readGroupFile(`${group}/${file}`);
  }

  /** A file of the v2 group itself, which no controller needs to be enabled for. */
  unified(file: string): string | undefined {
    const group = this.#below(this.#layout.unified);
    return group === undefined ? undefined : readGroupFile(`${group}/${file}`);
  }

  /** A single number; null for `max`, for what v1 writes instead, and where there is none. */
  number(controller: string, file: string): number | null {
    const text = this.text(controller, file)?.trim() ?? "";
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value < UNLIMITED ? value : null;
  }

  /** Lines `key value`. */
  table(controller: string, file: string): Record<string, number> | undefined {
    return parseTable(this.text(controller, file));
  }

  #group(controller: string): string | undefined {
    const place = this.#layout.controllers[controller];
    const group = this.#below(place?.directory);
    if (place === undefined || group === undefined || place.version === 1) return group;
    return wordsOf(`${group}/cgroup.controllers`).includes(controller) ? group : undefined;
  }

  #below(top: string | undefined): string | undefined {
    return top === undefined ? undefined : this.#paths.find((path) => path.startsWith(`${top}/`));
  }
}

/** Lines `key value`; undefined for no text at all. */
export function parseTable(text: string | undefined): Record<string, number> | undefined {
  if (text === undefined) return undefined;
  const rows = [...text.matchAll(/^(\S+) (\d+)$/gm)].map(([, key = "", value]) => [key, Number(value)] as const);
  return Object.fromEntries(rows);
}
