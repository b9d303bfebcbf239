/** All mechanisms, oldest first, and the table that they make with the resources. */
import { CHROOT } from "./chroot.ts";
import { type Isolation, RESOURCES, viewOf, type Whose } from "./isolation.ts";
import { JAIL, JAIL_WITH_STACK } from "./jail.ts";
import { DOCKER, LXC, PODMAN_ROOTLESS, RINGSIDE } from "./linux-containers.ts";
import { EXCLUSIVE_ZONE, GLOBAL_ZONE, SPARSE_ZONE, WHOLE_ZONE } from "./zones.ts";

export const ISOLATIONS: readonly Isolation[] = [
  CHROOT,
  JAIL,
  JAIL_WITH_STACK,
  GLOBAL_ZONE,
  SPARSE_ZONE,
  WHOLE_ZONE,
  EXCLUSIVE_ZONE,
  LXC,
  DOCKER,
  PODMAN_ROOTLESS,
  RINGSIDE,
];

/** @returns the mechanism of that name; undefined where there is none. */
export function findIsolation(id: string): Isolation | undefined {
  return ISOLATIONS.find((isolation) => isolation.id === id);
}

const WORDS: Readonly<Record<Whose, string>> = { own: "own", part: "part", host: "host's", none: "none" };

/** @returns the table as Markdown: mechanisms × resources; a dot where no source says anything. */
export function isolationTable(): string {
  const header = ["", ...RESOURCES.map(({ title }) => title)];
  const rows = ISOLATIONS.map((isolation) => [
    isolation.title,
    ...RESOURCES.map(({ id }) => {
      const view = viewOf(isolation, id);
      return view === undefined
        ? "·"
        : WORDS[view.whose] + (view.change === false && view.whose !== "none" ? ", fixed" : "");
    }),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return line(header) + line(header.map(() => "---")) + rows.map(line).join("");
}

/** @returns every cell with by what and from which source, a list under each mechanism, as Markdown. */
export function isolationSources(): string {
  return ISOLATIONS.map(({ title, system, cells }) => {
    const lines = RESOURCES.flatMap(({ id, title: resource }) => {
      const view = cells[id];
      return view === undefined ? [] : [`- ${resource}: *${WORDS[view.whose]}*, ${view.by} (${view.source})\n`];
    });
    return `### ${title}${title.includes(system) ? "" : ` (${system})`}\n\n${lines.join("")}`;
  }).join("\n");
}
