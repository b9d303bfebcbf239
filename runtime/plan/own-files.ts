/**
 * Files that every image leaves to its runtime, as Docker does it: kept in memory and shown over the image's, so that
 * the container's layer holds only what its programs write. hostname(5), hosts(5).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { MOUNT_ATTRIBUTES } from "./mount-options.ts";
import type { Slots } from "./slots.ts";

/** What a container's own files tell. */
export interface OwnNames {
  readonly hostname: string;
  /** Further lines of /etc/hosts. */
  readonly extraHosts?: readonly string[] | undefined;
  /** The lines of /etc/resolv.conf; the image's own is seen without them. */
  readonly resolver?: readonly string[] | undefined;
}

interface OwnFile {
  readonly name: string;
  readonly path: string;
  readonly value: string;
  readonly why: string;
}

function ownFiles({ hostname, extraHosts = [], resolver }: OwnNames): readonly OwnFile[] {
  const hosts = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", ...extraHosts];
  const files: OwnFile[] = [
    {
      name: "hostname",
      path: "/etc/hostname",
      value: `${hostname}\n`,
      why: "The hostname, for programs that look for it in a file.",
    },
    {
      name: "hosts",
      path: "/etc/hosts",
      value: `${hosts.join("\n")}\n127.0.0.1\t${hostname}\n`,
      why: "Its own name and localhost can be looked up.",
    },
  ];
  if (resolver === undefined) return files;
  return [
    ...files,
    {
      name: "resolv.conf",
      path: "/etc/resolv.conf",
      value: `${resolver.join("\n")}\n`,
      why: "Whom it asks for the addresses of names.",
    },
  ];
}

export interface OwnFileSteps {
  readonly prepare: PlanStep[];
  readonly make: PlanStep[];
  readonly show: PlanStep[];
}

/**
 * @param taken places at which the configuration mounts something of its own, which is what is to be seen there
 * @param staging where they are attached until they are shown (stagingOf)
 * @param preparing who writes them. On the host's side they are not counted against the container's memory limit, of
 *   which a small program would need a tenth for them
 * @returns `prepare`, `make` for before the root is attached, `show` for after
 */
export function ownFileSteps(
  names: OwnNames,
  taken: ReadonlySet<string>,
  rootSlot: number,
  staging: string,
  preparing: "host" | "child",
  slots: Slots,
): OwnFileSteps {
  const slot = slots.take();
  const words = { phase: "child", stage: "files" } as const;
  const files = ownFiles(names).filter(({ path }) => !taken.has(path));
  return {
    prepare: [
      {
        ...words,
        phase: preparing,
        why: "A file system in memory for the few files that are the container's own but not its programs'.",
        op: "newFilesystem",
        slot,
        type: "tmpfs",
        options: ["source=ringside", "size=64k", "mode=755"],
        attributes: MOUNT_ATTRIBUTES.nosuid | MOUNT_ATTRIBUTES.nodev | MOUNT_ATTRIBUTES.noexec,
      },
      ...files.map(
        ({ name, value, why }): PlanStep => ({
          ...words,
          phase: preparing,
          why,
          op: "makeFile",
          root: slot,
          path: name,
          mode: 0o644,
          value,
        }),
      ),
    ],
    make: [
      {
        ...words,
        why: "It must be somewhere before it can be shown elsewhere too; the root will cover it here.",
        op: "attachRoot",
        slot,
        path: staging,
      },
    ],
    show: files.map(
      ({ name, path }): PlanStep => ({
        ...words,
        why: `Shown at ${path}, over the image's own.`,
        op: "bindFile",
        root: rootSlot,
        path,
        source: slot,
        name,
      }),
    ),
  };
}
