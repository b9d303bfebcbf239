/**
 * What the guest's init has to do for the devices that were asked for: which drivers it loads, where its root and its
 * console are. Distributions' kernels have most virtio drivers as modules; an initramfs may be concatenated, so they
 * travel in an archive of their own, which is the same for every start with the same devices.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { cacheDirectory } from "../image/cache.ts";
import { cachedFile } from "./cached-file.ts";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import type { GuestKernel } from "./guest-files.ts";
import { collectModules, withoutSignature } from "./modules.ts";
import type { GuestSetup } from "./run-file.ts";
import { GUEST_NETWORK, type GuestRequest, type MachineType } from "./vmm.ts";

export interface PreparedSetup {
  readonly setup: GuestSetup;
  /** The path of the archive with the drivers; undefined where none is needed. */
  readonly drivers: string | undefined;
}

export type SetupQuestion = Pick<GuestRequest, "machine" | "devices" | "console"> & {
  readonly kernel: GuestKernel;
  /** Where milestones go: to the debug console, or, where the monitor has none, over the console. */
  readonly milestones?: GuestSetup["milestones"];
};

/** How the devices hang on each machine. */
const BUS_DRIVER: Readonly<Record<MachineType, string>> = {
  microvm: "virtio_mmio",
  q35: "virtio_pci",
  "s390-ccw-virtio": "virtio_ccw",
};
const CONSOLES = { serial: "/dev/ttyS0", virtio: "/dev/hvc0" } as const;
const DISK = "/dev/vda";

const PLACE = "ringside/modules";
const namesSchema = z.array(z.string().regex(/^\w+$/));

/**
 * @param question the devices, and the kernel that is to drive them
 * @param cache where the archive is kept
 * @throws RingsideError when the kernel has no driver for a device
 */
export function prepareSetup(question: SetupQuestion, cache: string = cacheDirectory()): PreparedSetup {
  const { devices, console, kernel, milestones = "port" } = question;
  const wanted = driversFor(question);
  const { names, drivers } = wanted.length === 0 ? { names: [], drivers: undefined } : archive(kernel, wanted, cache);
  return {
    setup: {
      console: CONSOLES[console],
      milestones,
      modules: names.map((name) => `/${PLACE}/${name}.ko`),
      root: devices.disk === undefined ? undefined : { device: DISK, type: devices.disk.kind },
      agent: devices.agent === true,
      network: devices.network === undefined ? undefined : GUEST_NETWORK,
    },
    drivers,
  };
}

/** Those that the kernel has built in are passed over later. */
function driversFor({ machine, devices, console }: SetupQuestion): string[] {
  const { agent, network, disk } = devices;
  const own = [
    ...(agent === true || console === "virtio" ? ["virtio_console"] : []),
    ...(network === undefined ? [] : ["virtio_net"]),
    ...(disk === undefined ? [] : ["virtio_blk", disk.kind, "overlay"]),
  ];
  return own.length === 0 ? [] : [BUS_DRIVER[machine], ...own];
}

/** The list of names beside the archive says what is in it, and in which order. */
function archive(kernel: GuestKernel, wanted: readonly string[], cache: string): { names: string[]; drivers: string } {
  const directory = kernel.modulesDirectory ?? `/lib/modules/${kernel.version}`;
  const key = createHash("sha256")
    .update(JSON.stringify([directory, kernel.version, wanted]))
    .digest("hex")
    .slice(0, 16);
  const prefix = `drivers-${wanted.join("-")}-`;
  const list = join(cache, "guest", `${prefix}${key}.json`);
  const drivers = join(cache, "guest", `${prefix}${key}.cpio`);
  if (!existsSync(drivers) || !existsSync(list)) {
    const modules = collectModules(directory, wanted);
    cachedFile(drivers, () => writeCpio(entriesOf(modules)));
    cachedFile(list, () => Buffer.from(JSON.stringify(modules.map(({ name }) => name))));
  }
  return { names: namesSchema.parse(JSON.parse(readFileSync(list, "utf8"))), drivers };
}

function entriesOf(modules: ReturnType<typeof collectModules>): CpioEntry[] {
  return [
    { kind: "directory", path: "ringside", mode: 0o700 },
    { kind: "directory", path: PLACE, mode: 0o700 },
    ...modules.map(
      ({ name, content }): CpioEntry => ({
        kind: "file",
        path: `${PLACE}/${name}.ko`,
        mode: 0o600,
        data: withoutSignature(content),
      }),
    ),
  ];
}
