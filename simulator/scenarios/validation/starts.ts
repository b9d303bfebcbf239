/** Starts: virtual machines (nsdi2020-data, Garzarella), containers (Scrivano, runc), the steps of their namespaces. */
import type { KnobValues } from "../knob.ts";
import { type Basis, type FigureCheck, MS, metricOf, timeOf, typicalRun } from "./check.ts";

const NSDI = "firecracker-microvm/nsdi2020-data @cf1b30f, median";
const SCRIVANO = "G. Scrivano, The journey to speed up running OCI containers, 2022";
const GARZARELLA = "stefano-garzarella.github.io, 2019-08-23";
const RACE = "startup-race";

/** @param metric in ns, as the race reports it */
function started(
  id: string,
  world: "vm" | "container",
  metric: string,
  knobs: KnobValues,
  published: number,
  tolerance: number,
  source: string,
  basis: Basis = "its parts",
): FigureCheck {
  const predict = () => metricOf(typicalRun(RACE, knobs), world, metric) / MS;
  return { kind: "figure", id, published, unit: "ms", tolerance, source, basis, predict };
}

/** The guest's own timer: from its kernel's first instruction to its first program. */
function guestTimer(id: string, host: string, network: "on" | "off", published: number): FigureCheck {
  const knobs = { vmm: "firecracker", host, network };
  return {
    kind: "figure",
    id,
    published,
    unit: "ms",
    tolerance: 0.1,
    source: `${NSDI}: Firecracker 0.20, guest timer, network ${network}`,
    basis: network === "on" ? "its parts" : "the figure itself",
    predict: () => timeOf(typicalRun(RACE, knobs), "vm", ({ stage }) => stage === "kernel") / MS,
  };
}

function onHosts(
  id: string,
  vmm: string,
  byHost: Readonly<Record<string, number>>,
  source: string,
  more: KnobValues = {},
): FigureCheck[] {
  const words = Object.entries(more).map(([knob, value]) => `, ${knob} ${value}`);
  return Object.entries(byHost).map(([host, published]) =>
    started(`${id} ${vmm} ${host}${words.join("")}`, "vm", "gone", { vmm, host, ...more }, published, 0.1, source),
  );
}

/** The same boot with so many beside it, on the scheduler of the host. */
function parallel(): FigureCheck {
  return {
    kind: "figure",
    id: "CAL-4 q35-qboot haswell, 10 in parallel",
    published: 318.4,
    unit: "ms",
    tolerance: 0.15,
    source: `${NSDI}: QEMU + qboot on 4 processors, xargs -P 10, until gone`,
    basis: "other figures",
    predict: () => {
      const knobs = { flavour: "qemu-qboot", host: "haswell", parallel: 10, cpus: 4, boots: 100 };
      return metricOf(typicalRun("boot", knobs), "vm", "bootTime") / MS;
    },
  };
}

const STEPS = [
  { what: "network namespace", span: "unshare (network)", old: 47.7, new: 1.5 },
  { what: "mqueue mount", span: "mount (mqueue)", old: 16.8, new: 0.7 },
  { what: "IPC namespace", span: "unshare (ipc)", old: 10.9, new: 0.1 },
  { what: "seccomp filter", span: "libseccomp makes the filter", old: 38.9, new: 12.6 },
] as const;

function namespaceStep({ what, span, ...published }: (typeof STEPS)[number]): FigureCheck[] {
  const kernels = [
    { hostKernel: "4.5", value: published.old },
    { hostKernel: "5.19", value: published.new },
  ];
  return kernels.map(({ hostKernel, value }) => ({
    kind: "figure",
    id: `CAL-5 ${what}, Linux ${hostKernel}`,
    published: value,
    unit: "ms",
    tolerance: 0.3,
    source: SCRIVANO,
    basis: "the figure itself",
    predict: () =>
      timeOf(typicalRun(RACE, { runtime: "crun", hostKernel }), "container", ({ name }) => name === span) / MS,
  }));
}

/** Garzarella's trace points: until the guest's first program. */
function split(vmm: string, kernel: string, published: number): FigureCheck {
  return started(`${vmm} ${kernel}`, "vm", "firstInstruction", { vmm, kernel }, published, 0.1, GARZARELLA);
}

export const START_CHECKS: readonly FigureCheck[] = [
  guestTimer("CAL-1 firecracker m5d, guest timer", "m5d", "off", 110),
  guestTimer("CAL-1 firecracker m5d with network, guest timer", "m5d", "on", 133),
  ...onHosts("CAL-2", "cloud-hypervisor", { m5d: 102.5, haswell: 65.1 }, `${NSDI}, ELF kernel, until gone`),
  ...onHosts("CAL-3", "q35-qboot", { m5d: 213.9, haswell: 159.1, nehalem: 228.0 }, `${NSDI}, QEMU + qboot, until gone`),
  parallel(),
  ...STEPS.flatMap(namespaceStep),
  started("CAL-6 crun", "container", "gone", { runtime: "crun" }, 28.9, 0.2, `${SCRIVANO}: 28.9 ± 5.9 ms`),
  started("CAL-6 crun-cached", "container", "gone", { runtime: "crun-cached" }, 5.6, 0.5, `${SCRIVANO}: 5.6 ± 3.0 ms`),
  started("CAL-7 runc", "container", "gone", { runtime: "runc" }, 13.9, 0.15, "runc commit 515f09f7b: 13.9 ± 0.9 ms"),
  guestTimer("firecracker haswell, guest timer", "haswell", "off", 96),
  guestTimer("firecracker nehalem, guest timer", "nehalem", "off", 128),
  ...onHosts("", "cloud-hypervisor", { nehalem: 107.7 }, `${NSDI}, ELF kernel, until gone`),
  ...onHosts("", "firecracker", { m5d: 160.9, haswell: 126.7, nehalem: 164.0 }, `${NSDI}, by its API, until gone`),
  ...onHosts("", "firecracker", { m5d: 211.1, haswell: 155.7, nehalem: 200.4 }, `${NSDI}, by its API, until gone`, {
    network: "on",
  }),
  ...onHosts("", "q35-qboot", { m5d: 232.3, haswell: 189.9, nehalem: 266.5 }, `${NSDI}, QEMU + qboot, until gone`, {
    network: "on",
  }),
  ...onHosts("", "cloud-hypervisor", { m5d: 143.6, haswell: 115.2, nehalem: 176.5 }, `${NSDI}, bzImage, until gone`, {
    kernel: "bzimage",
  }),
  split("q35-seabios", "bzimage", 191.7),
  split("q35-seabios", "vmlinux", 139.5),
  split("q35-qboot", "bzimage", 184.6),
  split("q35-qboot", "vmlinux", 133.8),
].map((check) => ({ ...check, id: check.id.trim() }));
