/** The table of isolation: every word has a source, words agree with what Linux is told, and boxes do what the words say. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Isolation, RESOURCES, type Resource, viewOf } from "../../../simulator/isolation/isolation.ts";
import { type Box, OneKernel } from "../../../simulator/isolation/one-kernel.ts";
import { findIsolation, ISOLATIONS } from "../../../simulator/isolation/table.ts";
import type { NamespaceKind } from "../../../simulator/linux/processes/namespaces.ts";
import { DEFAULT_CONTAINER_PLAN } from "../../../simulator/scenarios/default-container-plan.generated.ts";
import { isolationPage, PAGE } from "./document.ts";

/** Whether a process has its own of these is decided by a namespace alone. */
const DECIDED_BY: readonly (readonly [Resource, NamespaceKind])[] = [
  ["mounts", "mount"],
  ["processes", "pid"],
  ["users", "user"],
  ["network", "net"],
  ["ipc", "ipc"],
  ["hostname", "uts"],
];
const linuxes = ISOLATIONS.filter(({ linux }) => linux !== undefined);

function named(id: string): Isolation {
  const found = findIsolation(id);
  if (found === undefined) throw new Error(`there is no isolation ${id}`);
  return found;
}

describe("the table", () => {
  it("has a source and a sentence for every word", () => {
    const cells = ISOLATIONS.flatMap(({ cells }) => Object.values(cells));
    expect(cells.length).toBeGreaterThan(100);
    expect(cells.filter(({ by, source }) => by.length < 8 || source.length < 8)).toEqual([]);
    expect(new Set(ISOLATIONS.map(({ id }) => id)).size).toBe(ISOLATIONS.length);
  });

  it("says of each resource what differs between at least two mechanisms", () => {
    for (const { id } of RESOURCES) {
      const views = ISOLATIONS.flatMap((isolation) => viewOf(isolation, id) ?? []);
      const words = new Set(views.map(({ whose, change = "" }) => `${whose} ${change}`));
      expect([id, words.size > 1]).toEqual([id, true]);
    }
  });

  it.each(linuxes.map((one) => [one.id, one] as const))("of %s agrees with the namespaces that it makes", (_, one) => {
    for (const [resource, namespace] of DECIDED_BY) {
      const view = one.cells[resource];
      if (view === undefined) continue;
      expect([resource, view.whose]).toEqual([resource, one.linux?.namespaces.includes(namespace) ? "own" : "host"]);
    }
    expect(one.cells.calls === undefined || (one.cells.calls.whose === "part") === (one.linux?.filter !== "none")).toBe(
      true,
    );
  });

  it("of Ringside's own agrees with the plan of a default container", () => {
    const calls = DEFAULT_CONTAINER_PLAN.filter(({ op }) => op === "clone" || op === "unshare");
    const made = new Set(calls.flatMap(({ subject }) => subject.split(" ")).filter((word) => word !== ""));
    const wanted = named("ringside").linux?.namespaces.map((kind) => (kind === "net" ? "network" : kind));
    expect([...made].sort()).toEqual([...(wanted ?? [])].sort());
  });

  it("is what docs/isolation.md shows (node test/simulator/isolation/document.ts)", () => {
    expect(readFileSync(PAGE, "utf8")).toBe(isolationPage());
  });
});

/** A box beside another of the same kind, each with one program, on a host with one. */
function scene(isolation: Isolation): { kernel: OneKernel; box: Box; other: Box } {
  const kernel = new OneKernel("host");
  kernel.host.start("init");
  const box = kernel.box(isolation, { name: "a", firstUser: 100_000 });
  const other = kernel.box(isolation, { name: "b", firstUser: 200_000 });
  other.start("database");
  box.start("server");
  return { kernel, box, other };
}

const programs = (box: Box): string[] => box.processes().map(({ program }) => program);

describe("boxes over one kernel", () => {
  it.each([
    ["chroot", ["init", "database", "server"], 3],
    ["jail", ["server"], 3],
    ["zone-sparse", ["server"], 3],
    ["zone-global", ["init", "database", "server"], 3],
    ["lxc", ["server"], 1],
    ["docker", ["server"], 1],
    ["podman-rootless", ["server"], 1],
    ["ringside", ["server"], 1],
  ])("%s: who is seen, and under which number", (id, seen, number) => {
    const { kernel, box } = scene(named(id));
    expect(programs(box)).toEqual(seen);
    expect(box.processes().find(({ program }) => program === "server")?.number).toBe(number);
    expect(programs(kernel.host)).toEqual(["init", "database", "server"]);
  });

  it("nobody is reached who is not seen, whatever the mechanism", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ISOLATIONS), fc.integer({ min: 1, max: 5 }), (isolation, number) => {
        const { kernel, box } = scene(isolation);
        const before = programs(kernel.host);
        const seen = box.processes();
        const outcome = box.kill(number);
        expect(outcome === "delivered").toBe(seen.some((one) => one.number === number));
        expect(programs(kernel.host).length).toBe(before.length - (outcome === "delivered" ? 1 : 0));
      }),
    );
  });

  it("a name of its own is changed for nobody else; with the host's name, for all", () => {
    for (const id of ["jail", "lxc"]) {
      const { kernel, box, other } = scene(named(id));
      expect([id, box.setHostname("new"), box.hostname]).toEqual([id, "done", "new"]);
      expect([kernel.host.hostname, other.hostname]).toEqual(["host", "b"]);
    }
    const { kernel, box, other } = scene(named("chroot"));
    expect([box.setHostname("new"), kernel.host.hostname, other.hostname]).toEqual(["done", "new", "new"]);
    expect(scene(named("docker")).box.setHostname("new")).toBe("refused");
  });

  it("one port is free in each box that has addresses or a stack of its own, and once where the network is the host's", () => {
    for (const id of ["jail", "jail-vnet", "zone-whole", "lxc", "docker", "podman-rootless", "ringside"]) {
      const { kernel, box, other } = scene(named(id));
      expect([id, box.bind(80), other.bind(80), kernel.host.bind(80), box.bind(80)]).toEqual([
        id,
        true,
        true,
        true,
        false,
      ]);
    }
    const { box, other } = scene(named("chroot"));
    expect([box.bind(80), other.bind(80)]).toEqual([true, false]);
  });

  it("what is left under a key is found by those who share the keys", () => {
    const { kernel, box, other } = scene(named("chroot"));
    box.leave(7, "segment");
    expect([other.find(7), kernel.host.find(7)]).toEqual(["segment", "segment"]);
    for (const id of ["zone-sparse", "docker"]) {
      const apart = scene(named(id));
      apart.box.leave(7, "segment");
      expect([apart.box.find(7), apart.other.find(7), apart.kernel.host.find(7)]).toEqual([
        "segment",
        undefined,
        undefined,
      ]);
    }
    expect(scene(named("jail")).box.leave(7, "segment")).toBe("refused");
  });

  it("root inside is root outside, but for where users are mapped", () => {
    expect(scene(named("docker")).box.userOutside(0)).toBe(0);
    expect(scene(named("jail")).box.userOutside(0)).toBe(0);
    const { box, other } = scene(named("podman-rootless"));
    expect([box.userOutside(0), other.userOutside(0), box.userOutside(70_000)]).toEqual([100_000, 200_000, undefined]);
  });

  it("a module that one loads is in the kernel of all, and what no source says is not answered", () => {
    const { kernel, box } = scene(named("chroot"));
    expect([box.loadModule("rootkit"), [...kernel.modules]]).toEqual(["done", ["rootkit"]]);
    expect(scene(named("docker")).box.loadModule("rootkit")).toBe("refused");
    expect(scene(named("zone-whole")).box.loadModule("rootkit")).toBe("not known");
    expect(scene(named("zone-whole")).box.setClock(5)).toBe("refused");
    expect(() => scene(named("podman-rootless")).box.whose("ipc")).toThrow("no source says");
  });
});
