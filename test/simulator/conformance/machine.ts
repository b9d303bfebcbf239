/** A simulated Linux with what a container of ringside/base would find, to be asked the same as the real one. */
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../../simulator/costs/profiles.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { Inode } from "../../../simulator/linux/files/inode.ts";
import { Layer, Overlay } from "../../../simulator/linux/files/overlay.ts";
import type { Process } from "../../../simulator/linux/processes/process.ts";
import { LinuxSystem } from "../../../simulator/linux/system.ts";
import type { Burst } from "../../../simulator/machine/activity.ts";
import type { Thread } from "../../../simulator/machine/thread.ts";
import type { Workload } from "../../../simulator/workload/workload.ts";

const MEMORY_BYTES = 256 * 1024 * 1024;

export interface SimulatedFile {
  readonly path: string;
  readonly bytes: number;
}

export interface SimulatedMachine {
  readonly simulation: Simulation;
  readonly system: LinuxSystem;
  /** What each thread was seen to do, in the order of their first doing anything; a burst once, however often interrupted. */
  readonly bursts: ReadonlyMap<Thread, readonly Burst[]>;
}

/** @param cpus processors */
export function simulatedMachine(cpus = 2): SimulatedMachine {
  const profile = findProfile(DEFAULT_PROFILE);
  if (profile === undefined) throw new Error("no default profile");
  const simulation = new Simulation();
  const bursts = new Map<Thread, Burst[]>();
  const system = new LinuxSystem({
    simulation,
    costs: new CostBook(profile),
    cpus,
    memoryBytes: MEMORY_BYTES,
    output: { name: "pipe", writeCost: "linux.write.pipe", traps: [] },
    observer: {
      ran: ({ thread, activity }) => {
        if (thread === undefined || activity.kind !== "burst") return;
        const own = bursts.get(thread) ?? [];
        bursts.set(thread, own);
        if (own.at(-1) !== activity) own.push(activity);
      },
    },
  });
  return { simulation, system, bursts };
}

/** @returns a layer of an image with these files. */
export function imageLayer(system: LinuxSystem, files: readonly SimulatedFile[]): Layer {
  const layer = new Layer("image", system.disk);
  for (const { path, bytes } of files) layer.set(path, new Inode(system.nextInode(), path, system.disk, bytes, 1));
  return layer;
}

/** Starts a program as the first process of a container: namespaces of its own, an image below an empty layer. */
export function startContained(
  system: LinuxSystem,
  layer: Layer,
  workload: Workload,
  group = system.rootGroup,
): { readonly process: Process; readonly upper: Layer } {
  const forked = system.processes.fork(system.init, {
    newNamespaces: ["pid", "mount", "uts", "ipc", "net"],
    controlGroup: group,
  });
  if (forked.kind === "failed") throw new Error(forked.why);
  const { child: process } = forked;
  const upper = new Layer("layer", system.disk);
  const tree = new Overlay({ lower: [layer], upper, nextInode: system.nextInode });
  process.namespaces.mount.pivotRoot({ point: "/", type: "overlay", source: "layer", tree, readOnly: false });
  system.processes.exec(process, workload.name);
  system.runThread(process, system.run(process, workload, "program"));
  return { process, upper };
}
