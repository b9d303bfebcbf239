/**
 * The places that a program can write to on Linux, by what they lie on: its memory, a tmpfs, its root (a disk, a writable
 * layer over an image, or a virtual disk made from one) and a volume. What survives is read from what is left of those.
 */
import { Simulation } from "../engine/simulation.ts";
import { Inode, type Store } from "../linux/files/inode.ts";
import { Layer, Overlay } from "../linux/files/overlay.ts";
import type { Mount } from "../linux/processes/namespaces.ts";
import type { Process } from "../linux/processes/process.ts";
import { LinuxSystem } from "../linux/system.ts";
import type { Activity } from "../machine/activity.ts";
import type { Thread } from "../machine/thread.ts";
import { trackObserver } from "../machine/track-observer.ts";
import { MARKS } from "../trace/timeline.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import type { Operation, Workload } from "../workload/workload.ts";
import { type DataSettings, verdictOf } from "./data-survives-settings.ts";
import { guestDisk, under } from "./guest-disk.ts";
import type { ScenarioInput } from "./scenario.ts";

type LinuxWorld = "process" | "container" | "vm";

const BYTES = 4096;
const MEMORY_BYTES = 160 * 1024 * 1024;
const TMPFS: Store = { name: "tmpfs", onDisk: false };
const PIPE = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
const NAMES: Readonly<Record<LinuxWorld, string>> = {
  process: "Process",
  container: "Container",
  vm: "Virtual machine",
};

interface Place {
  readonly metric: "memoryFiles" | "imageFile" | "newFile" | "volume";
  readonly path: string;
  readonly name: string;
  readonly access: "write" | "create";
}

const MEMORY_FILE: Place = { metric: "memoryFiles", path: "/tmp/file", name: "the tmpfs", access: "create" };
const IMAGE_FILE: Place = { metric: "imageFile", path: "/etc/conf", name: "the image's file", access: "write" };
const NEW_FILE: Place = { metric: "newFile", path: "/var/new", name: "the new file", access: "create" };
const VOLUME_FILE: Place = { metric: "volume", path: "/data/file", name: "the volume", access: "create" };
/** A plain process has no image and no volume: its files are the machine's. */
const PLACES: Readonly<Record<LinuxWorld, readonly Place[]>> = {
  process: [MEMORY_FILE, NEW_FILE],
  container: [MEMORY_FILE, IMAGE_FILE, NEW_FILE, VOLUME_FILE],
  vm: [MEMORY_FILE, IMAGE_FILE, NEW_FILE, VOLUME_FILE],
};

/** What there is on disks before and after, whoever runs in between. */
interface Storage {
  readonly image: Layer;
  /** What is its own: a process has nothing, its root is the machine's. */
  readonly own: Overlay;
  readonly volume: Overlay;
  readonly tmpfs: Overlay;
}

/** Carries the scenario out in a world of Linux: the program writes, comes to its end, and every place is read again. */
export function dataOnLinux(input: ScenarioInput, world: LinuxWorld, settings: DataSettings): void {
  const { recorder, provenance, metric } = input;
  const accelerator = world === "vm" ? { accelerator: "simulated kvm" } : {};
  recorder.track({ id: world, name: NAMES[world], world, unit: "ns", provenance: { ...provenance, ...accelerator } });
  const simulation = new Simulation();
  const system = systemOf(input, world, simulation);
  const storage = storageOf(system, world, settings);
  const process = born(system, world, storage);
  const counts = { copiedUp: 0 };
  const program = writer(PLACES[world], settings.fsync);
  system.runThread(process, watched(system.run(process, program, "writes"), counts));
  simulation.run();
  recorder.instant({ track: world, name: MARKS.gone, at: simulation.now });
  const say = (metricName: string, name: string, survives: boolean): void => {
    metric(world, metricName, survives ? 1 : 0);
    recorder.instant({ track: world, name: verdictOf(name, survives), at: simulation.now });
  };
  // The program has ended, whatever the end was to be.
  say("memory", "its memory", process.isAlive);
  const read = ending(system, world, storage, settings);
  for (const place of PLACES[world]) say(place.metric, place.name, read(place));
  metric(world, "copiedUp", world === "vm" ? Math.min(CLUSTER_BYTES, settings.imageFileBytes) : counts.copiedUp);
  const changed = storage.image.entry(IMAGE_FILE.path);
  metric(world, "imageChanged", changed instanceof Inode && changed.block(0) !== ORIGINAL ? 1 : 0);
}

/** What is copied below a guest when it first writes to a block of the image (QEMU, docs/interop/qcow2.txt: 64 KiB). */
const CLUSTER_BYTES = 65_536;

/** What the image's file has in it to begin with. */
const ORIGINAL = 1_000_000_007;

function systemOf(input: ScenarioInput, world: LinuxWorld, simulation: Simulation): LinuxSystem {
  const { costs, recorder } = input;
  const hypervisor = new Hypervisor(costs, "kvm");
  const guest = {
    below: under(hypervisor),
    disk: guestDisk(costs, "qemu", costs.ns("linux.systemCall.entry")),
  };
  return new LinuxSystem({
    simulation,
    costs,
    cpus: 1,
    memoryBytes: MEMORY_BYTES,
    output: PIPE,
    observer: trackObserver<Thread>(recorder, () => world),
    ...(world === "vm" ? guest : {}),
  });
}

function storageOf(system: LinuxSystem, world: LinuxWorld, { imageFileBytes }: DataSettings): Storage {
  const { disk, nextInode } = system;
  const file = () => new Inode(nextInode(), IMAGE_FILE.path, disk, imageFileBytes, ORIGINAL);
  const image = new Layer("image", disk);
  image.set(IMAGE_FILE.path, file());
  const only = (name: string, store: Store) => new Overlay({ lower: [], upper: new Layer(name, store), nextInode });
  // A guest knows nothing of the image below its disk: to its kernel the file is an ordinary one.
  const own =
    world === "vm"
      ? only("its disk", disk)
      : new Overlay({ lower: [image], upper: new Layer("its layer", disk), nextInode });
  if (world === "vm") own.upper.set(IMAGE_FILE.path, file());
  return { image, own, volume: only("volume", disk), tmpfs: only("tmpfs", TMPFS) };
}

/** A process that sees the storage as its world shows it. */
function born(system: LinuxSystem, world: LinuxWorld, storage: Storage): Process {
  const forked = system.processes.fork(system.init, {
    newNamespaces: world === "container" ? ["pid", "mount"] : ["mount"],
  });
  if (forked.kind === "failed") throw new RangeError(`start a program: ${forked.why}`);
  const mount = (point: string, type: string, tree: Overlay): Mount => ({
    point,
    type,
    source: type,
    tree,
    readOnly: false,
  });
  const { child } = forked;
  if (world !== "process") {
    child.namespaces.mount.pivotRoot(mount("/", world === "container" ? "overlay" : "ext4", storage.own));
    child.namespaces.mount.mount(mount("/data", world === "container" ? "bind" : "ext4", storage.volume));
  }
  child.namespaces.mount.mount(mount("/tmp", "tmpfs", storage.tmpfs));
  return child;
}

function writer(places: readonly Place[], fsync: boolean): Workload {
  const operations = places.flatMap(({ path, access }): Operation[] => [
    { kind: "systemCall", service: "open", path, access },
    { kind: "systemCall", service: "write", path, bytes: BYTES },
    ...(fsync ? [{ kind: "systemCall", service: "fsync" } as const] : []),
    { kind: "systemCall", service: "close" },
  ]);
  const memory: Operation = { kind: "pageTouch", pages: 1, access: "write" };
  return { name: "writer", operations: [memory, ...operations, { kind: "systemCall", service: "exit" }] };
}

function* watched(activities: Iterable<Activity>, counts: { copiedUp: number }): Generator<Activity> {
  for (const activity of activities) {
    if (activity.kind === "burst" && activity.name === "copy up") {
      const pages = activity.args?.pages;
      counts.copiedUp += typeof pages === "number" ? pages * BYTES : 0;
    }
    yield activity;
  }
}

/** Carries the end out. @returns whether a place can be read afterwards */
function ending(
  system: LinuxSystem,
  world: LinuxWorld,
  storage: Storage,
  { end }: DataSettings,
): (place: Place) => boolean {
  const tree = (place: Place): Overlay => {
    if (place === MEMORY_FILE) return storage.tmpfs;
    if (place === VOLUME_FILE) return storage.volume;
    return world === "process" ? system.root : storage.own;
  };
  const path = ({ path: whole }: Place): string =>
    world === "process" ? whole : whole.replace(/^\/(data|tmp)\//, "/");
  const onDisk = (place: Place): boolean => {
    const found = tree(place).find(place === MEMORY_FILE ? "/file" : path(place));
    return found?.inode.store.onDisk === true && found.layer !== storage.image && isWritten(found.inode);
  };
  switch (end) {
    case "power failure":
      // Memory is empty, the page cache with it: what no disk has is gone. So is a name that was never written.
      return onDisk;
    case "stopped":
      system.memory.sync();
      // A tmpfs lives as long as it is mounted: the machine's own stays, a container's or a guest's goes with it.
      return (place) => (place === MEMORY_FILE ? world === "process" : onDisk(place));
    case "removed":
      system.memory.sync();
      return (place) => (place === MEMORY_FILE ? world === "process" : isNotItsOwn(place, world) && onDisk(place));
    default:
      return end satisfies never;
  }
}

/** What goes when it is removed: its layer, or its disk. A process has none; a volume and a second disk are nobody's. */
function isNotItsOwn(place: Place, world: LinuxWorld): boolean {
  return world === "process" || place === VOLUME_FILE;
}

function isWritten(inode: Inode): boolean {
  const content = inode.block(0);
  return content !== 0 && content !== ORIGINAL;
}
