/**
 * The table of isolation beside the real kernel: a chroot(8), and containers put together from the very parts that the
 * table says LXC, Docker, rootless podman and Ringside are made of. What the kernel says of the process inside is compared,
 * word by word: its namespaces, its root, its capabilities and its filter (proc(5)).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { NamespaceType, OciLinux } from "../../../runtime/oci/config.ts";
import type { SeccompProfile } from "../../../runtime/oci/seccomp.ts";
import { capabilityNames, DEFAULT_CAPABILITIES } from "../../../runtime/plan/capabilities.ts";
import { compileSeccomp } from "../../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../../runtime/plan/seccomp/default-profile.ts";
import {
  type Isolation,
  type LinuxParts,
  RESOURCES,
  type Resource,
  type Whose,
} from "../../../simulator/isolation/isolation.ts";
import { findIsolation } from "../../../simulator/isolation/table.ts";
import type { NamespaceKind } from "../../../simulator/linux/processes/namespaces.ts";
import { type Changes, lookAt, printed } from "../../process/bundle.ts";
import { makeBundle } from "../../support/bundle.ts";
import { inside } from "../../support/inside.ts";
import { CONTAINERS, findProgram, needsLinux, needsPrograms, needsRoot, unless } from "../../support/needs.ts";

/** By a resource of the table, its file below /proc/PID/ns. */
const FILES = { processes: "pid", mounts: "mnt", network: "net", ipc: "ipc", hostname: "uts", users: "user" } as const;
const OCI_NAMES: Readonly<Record<NamespaceKind, NamespaceType>> = {
  pid: "pid",
  mount: "mount",
  uts: "uts",
  net: "network",
  ipc: "ipc",
  user: "user",
  cgroup: "cgroup",
};
const FIRST_USER = 100_000;
const MAP = [{ containerID: 0, hostID: FIRST_USER, size: 65_536 }];

/** What the kernel says of a process. */
interface Facts {
  readonly namespaces: Readonly<Record<string, string>>;
  readonly root: string;
  readonly capabilities: readonly string[];
  readonly hasFilter: boolean;
}

function factsOf(pid: number | "self"): Facts {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const { dev, ino } = statSync(`/proc/${pid}/root/.`);
  return {
    namespaces: Object.fromEntries(Object.values(FILES).map((file) => [file, readlinkSync(`/proc/${pid}/ns/${file}`)])),
    root: `${dev}:${ino}`,
    capabilities: capabilityNames(BigInt(`0x${/^CapBnd:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`)),
    hasFilter: /^Seccomp:\s+2$/m.test(status),
  };
}

function named(id: string): Isolation & { readonly linux: LinuxParts } {
  const found = findIsolation(id);
  if (found?.linux === undefined) throw new Error(`there is no isolation ${id} of Linux`);
  return { ...found, linux: found.linux };
}

/** The kernel's facts in the words of the table. */
function wordsOf(facts: Facts): Partial<Record<Resource, Whose>> {
  const host = factsOf("self");
  const namespaces = Object.entries(FILES).map(
    ([resource, file]) => [resource, facts.namespaces[file] === host.namespaces[file] ? "host" : "own"] as const,
  );
  return {
    ...Object.fromEntries(namespaces),
    modules: facts.capabilities.includes("CAP_SYS_MODULE") ? "host" : "none",
    calls: facts.hasFilter === host.hasFilter ? "host" : "part",
    rights: facts.capabilities.length === host.capabilities.length ? "host" : "part",
  };
}

function expectAsInTable(isolation: Isolation, facts: Facts): void {
  const real = wordsOf(facts);
  const compared = RESOURCES.filter(({ id }) => isolation.cells[id] !== undefined && real[id] !== undefined);
  expect(compared.length).toBeGreaterThan(3);
  for (const { id } of compared)
    expect([isolation.id, id, real[id]]).toEqual([isolation.id, id, isolation.cells[id]?.whose]);
  expect(facts.root).not.toBe(factsOf("self").root);
  const clock = isolation.cells.time?.change;
  if (clock !== undefined) expect(facts.capabilities.includes("CAP_SYS_TIME")).toBe(clock);
}

/** The calls of LXC's common.seccomp. */
const DENYING: SeccompProfile = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [
    {
      names: ["kexec_load", "open_by_handle_at", "init_module", "finit_module", "delete_module"],
      action: "SCMP_ACT_ERRNO",
    },
  ],
};
const FILTERS: Readonly<Record<LinuxParts["filter"], SeccompProfile | undefined>> = {
  none: undefined,
  denies: DENYING,
  allows: defaultSeccomp(DEFAULT_CAPABILITIES),
};

/** The configuration that the parts amount to. */
function changesOf({ namespaces, without, filter }: LinuxParts): Changes {
  const every = factsOf("self").capabilities;
  const kept = without === "most" ? [...DEFAULT_CAPABILITIES] : every.filter((name) => !without.includes(name));
  const seccomp = FILTERS[filter];
  const maps: Partial<OciLinux> = namespaces.includes("user") ? { uidMappings: MAP, gidMappings: MAP } : {};
  return {
    process: { capabilities: { bounding: kept, effective: kept, permitted: kept } },
    linux: {
      namespaces: namespaces.map((kind) => ({ type: OCI_NAMES[kind] })),
      ...maps,
      ...(seccomp === undefined ? {} : { seccomp }),
    },
    ...(seccomp === undefined ? {} : { context: { filter: compileSeccomp(seccomp) } }),
  };
}

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

describe("the real kernel says what the table says", () => {
  const CHROOT = [needsLinux, needsRoot("chroot"), needsPrograms("chroot", "busybox")];
  it("of a chroot: another root, and nothing else", unless(CHROOT), async () => {
    const { rootfs } = makeBundle();
    const child = spawn(findProgram("chroot") ?? "", [rootfs, "/bin/cat"], { stdio: ["pipe", "pipe", "inherit"] });
    ending.push(() => child.kill("SIGKILL"));
    // What it gives back it has read: by then the program is the one inside.
    child.stdin.write("here\n");
    await once(child.stdout, "data");
    const { pid } = child;
    if (pid === undefined) throw new Error("chroot has not been started");
    expectAsInTable(named("chroot"), factsOf(pid));
    const gone = once(child, "close");
    child.stdin.end();
    await gone;
  });

  it.each(["lxc", "docker", "podman-rootless", "ringside"])(
    "of a container put together as %s is",
    unless(CONTAINERS),
    async (id) => {
      const isolation = named(id);
      expectAsInTable(isolation, await lookAt(factsOf, changesOf(isolation.linux)));
    },
  );

  it("of what is seen, named and numbered inside", unless(CONTAINERS), async () => {
    const script = "echo $$ $(ls -d /proc/[0-9]* | wc -l) $(hostname) $(id -u); hostname new && hostname";
    const [of = "", renamed] = (await printed(script, changesOf(named("lxc").linux))).split("\n");
    expect(of).toMatch(/^1 [1-5] inside 0$/);
    expect(renamed).toBe("new");
    expect(await printed("hostname new", changesOf(named("docker").linux))).toMatch(/not permitted/i);
    expect(await printed("cat /proc/self/uid_map", changesOf(named("podman-rootless").linux))).toMatch(
      /^\s*0\s+100000\s/,
    );
  });

  it("of Ringside's own container, as run starts it", unless(CONTAINERS), async () => {
    const { output } = await inside("hostname new; grep -E '^(CapBnd|Seccomp):' /proc/self/status");
    const capabilities = capabilityNames(BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(output)?.[1] ?? "0"}`));
    expect(capabilities).toHaveLength(14);
    expect(output).toMatch(/not permitted/i);
    expect(output).toMatch(/Seccomp:\s+2/);
  });
});
