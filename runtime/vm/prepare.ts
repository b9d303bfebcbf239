/** What is decided upon before anything of a virtual machine is on the host. */
import { statSync } from "node:fs";
import { type Launcher, monotonicNs } from "../../native/kernel.ts";
import { newId } from "../container/new-id.ts";
import { argumentsOf, mergeEnv } from "../container/spec.ts";
import { requireImage } from "../container/start.ts";
import { readerBelow, resolveUser } from "../container/user.ts";
import type { Image } from "../image/image.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";
import { candidates } from "../plan/execute.ts";
import type { Verdict } from "./accelerator.ts";
import { newNonce } from "./boot.ts";
import { rootDisk } from "./disk.ts";
import { type GuestFiles, guestFiles } from "./guest-files.ts";
import { checkMemory, DEFAULT_BOOT_TIMEOUT_MS, DEFAULT_MEMORY_BYTES, type VmOptions } from "./options.ts";
import { checkPorts } from "./ports.ts";
import { chooseRoot } from "./root.ts";
import type { RunFile } from "./run-file.ts";
import { requireVmm } from "./vmm/registry.ts";
import type { GuestDevices, GuestRequest, MachineType, RootKind, Vmm } from "./vmm.ts";

const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** A machine that has been decided upon in all its parts; nothing of it is on the host yet. */
export interface PreparedVm {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly image: string;
  readonly vmm: Vmm;
  readonly vmmVersion: string;
  readonly machine: MachineType;
  readonly verdict: Verdict;
  readonly memoryBytes: number;
  readonly bootTimeoutMs: number;
  readonly files: GuestFiles;
  readonly root: RootKind;
  readonly devices: GuestDevices;
  readonly console: GuestRequest["console"];
  readonly run: Omit<RunFile, "nonce">;
  readonly nonce: string;
  /** CLOCK_MONOTONIC. What a probe took is not this start's: the clock starts once the verdict is known. */
  readonly requestedNs: number;
}

/**
 * Decides upon everything: which monitor and accelerator, what the guest boots from, what its init is told.
 *
 * @param launcher used for the probe of the accelerator
 * @throws RingsideError saying what was wrong with the options, or what the host lacks
 */
export async function prepareVm(launcher: Launcher, options: VmOptions): Promise<PreparedVm> {
  const image = requireImage(options.image);
  checkPorts(options.network?.forwards ?? []);
  const machine = options.machine ?? "microvm";
  const { vmm, version, choose } = requireVmm(options.vmm ?? "qemu", machine);
  const root = chooseRoot(image, options.root);
  const devices = await devicesOf(options, image, root);
  // A guest whose root is a disk unpacks nothing but its init and its drivers.
  const files = guestFiles(root === "initramfs" ? image : undefined, options.kernel);
  const memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  checkMemory(memoryBytes, statSync(files.initramfs).size);
  const id = newId();
  const run = runOf(options, image, options.hostname ?? id);
  const { accelerator } = options;
  const verdict = accelerator === undefined ? await choose(launcher) : { accelerator, reason: "it was asked for" };
  return {
    id,
    name: options.name ?? id,
    createdAt: new Date().toISOString(),
    image: options.image,
    vmm,
    vmmVersion: version,
    machine,
    verdict,
    memoryBytes,
    bootTimeoutMs: options.bootTimeoutMs ?? DEFAULT_BOOT_TIMEOUT_MS,
    files,
    root,
    devices,
    console: options.console ?? "serial",
    run,
    nonce: newNonce(),
    requestedNs: monotonicNs(),
  };
}

async function devicesOf({ agent, network }: VmOptions, image: Image, root: RootKind): Promise<GuestDevices> {
  return {
    ...(agent === true && { agent: true }),
    ...(network !== undefined && { network }),
    ...(root !== "initramfs" && { disk: { path: await rootDisk(image, root), kind: root } }),
  };
}

/** What the guest's init is told. */
export function runOf(options: VmOptions, image: Image, hostname: string): Omit<RunFile, "nonce"> {
  const user = resolveUser(options.user ?? image.config.user, readerBelow(image.lowerDirectories));
  const size = options.terminal ?? DEFAULT_SIZE;
  const environment = mergeEnv(
    [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, `HOME=${user.home}`],
    options.terminal === undefined ? [] : ["TERM=xterm-256color"],
    image.config.env,
    options.env,
  );
  const args = argumentsOf(image.config, options.command);
  return {
    hostname,
    directory: options.cwd ?? (image.config.workingDir === "" ? "/" : image.config.workingDir),
    user: user.uid,
    group: user.gid,
    groups: user.additionalGids,
    hasTerminal: options.terminal !== undefined,
    relaysInput: options.terminal === undefined && options.input === true,
    reportsLog: options.kernelLog !== false,
    ...size,
    candidates: candidates(args[0] ?? "", environment),
    arguments: args,
    environment,
  };
}
