/**
 * `--systemd-cgroup`: systemd makes the container's groups, as a transient scope, and knows of them from then on. Asked
 * over D-Bus by busctl(1), which comes with systemd. systemd.scope(5), org.freedesktop.systemd1(5),
 * https://systemd.io/CGROUP_DELEGATION.
 */
import { closeSync, existsSync, readFileSync, readSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type Launcher, openPipe } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";
import { startProcess } from "../process/start.ts";
import type { CgroupLayout } from "./layout.ts";
import { type Property, resourceProperties } from "./systemd-properties.ts";

const SERVICE = "org.freedesktop.systemd1";
const MANAGER = ["/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
const DRIVER_FIX =
  "leave out --systemd-cgroup (docker: --exec-opt native.cgroupdriver=cgroupfs; podman: --cgroup-manager cgroupfs)";
/** systemd(1) is running when this is there (sd_booted(3)). */
const BOOTED = "/run/systemd/system";
const PROGRAM_PLACES = ["/usr/bin", "/bin", "/usr/local/bin"];

/** Where a scope lies and what it is called. */
export interface ScopeName {
  readonly slice: string;
  readonly unit: string;
}

export interface Scope extends ScopeName {
  /** The group below the top of each hierarchy: what takes the place of linux.cgroupsPath. */
  readonly path: string;
  /** Lets go of the process that kept the scope until the container's own was in it. */
  release(): void;
}

/** Why systemd cannot make groups here; undefined where it can. */
export function systemdProblem(booted = BOOTED): string | undefined {
  if (!existsSync(booted)) return "systemd does not run here";
  return findProgram("busctl") === undefined ? "busctl is not installed" : undefined;
}

function findProgram(name: string): string | undefined {
  return PROGRAM_PLACES.map((place) => `${place}/${name}`).find((path) => existsSync(path));
}

/**
 * Reads `slice:prefix:name`, the form that linux.cgroupsPath has with this driver.
 *
 * @param cgroupsPath an empty one stands for `system.slice:ringside:ID`
 * @throws RingsideError when it has another form, or parts that are no names of units (systemd.unit(5))
 */
export function parseScopePath(
  cgroupsPath: string | undefined,
  id: string,
  isRoot = process.geteuid?.() === 0,
): ScopeName {
  const usual = isRoot ? "system.slice" : "user.slice";
  const parts = cgroupsPath ? cgroupsPath.split(":") : [usual, "ringside", id];
  const [slice = "", prefix = "", name = ""] = parts;
  const unit = prefix === "" ? name : `${prefix}-${name}`;
  const isName = /^[A-Za-z0-9:_.@-]{1,200}$/.test(unit) && /^([A-Za-z0-9:_.@-]{1,200}\.slice)?$/.test(slice);
  if (parts.length === 3 && name !== "" && isName) {
    return { slice: slice === "" ? usual : slice, unit: `${unit}.scope` };
  }
  throw new RingsideError(`linux.cgroupsPath: ${JSON.stringify(cgroupsPath)} is not a place in systemd's tree`, {
    fix: "write it as slice:prefix:name, such as system.slice:ringside:one, or leave out --systemd-cgroup",
  });
}

export interface ScopeRequest {
  readonly id: string;
  readonly cgroupsPath: string | undefined;
  readonly resources: OciResources;
}

/**
 * Has systemd make a scope, with a process in it that holds it until the container's own is born there.
 *
 * @throws RingsideError when systemd does not run here, or refuses
 */
export async function startScope(launcher: Launcher, layout: CgroupLayout, request: ScopeRequest): Promise<Scope> {
  const problem = systemdProblem();
  if (problem !== undefined) throw new RingsideError(`cannot use --systemd-cgroup: ${problem}`, { fix: DRIVER_FIX });
  const name = parseScopePath(request.cgroupsPath, request.id);
  const sleep = findProgram("sleep");
  if (sleep === undefined)
    throw new RingsideError("cannot use --systemd-cgroup: there is no sleep(1) to hold the scope");
  const holder = await startProcess(launcher, { argv: [sleep, "infinity"] });
  const release = () => holder.kill("SIGKILL");
  try {
    await callManager(launcher, startArguments(name, holder.pid, request, layout.mode === "v2" ? 2 : 1));
    return { ...name, path: await groupWhenThere(holder.pid, name.unit), release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Tells systemd the new limits, so that it does not set back what has been written into the group.
 * @param unit as startScope named it
 */
export async function updateScope(
  launcher: Launcher,
  layout: CgroupLayout,
  unit: string,
  resources: OciResources,
): Promise<void> {
  const properties = resourceProperties(resources, layout.mode === "v2" ? 2 : 1).filter(
    ([name]) => resources.devices !== undefined || !name?.startsWith("Device"),
  );
  if (properties.length === 0) return;
  await callManager(launcher, ["SetUnitProperties", "sba(sv)", unit, "true", ...listOf(properties)]);
}

/** The scope of a container, from its groups; undefined where systemd did not make them. */
export function scopeOf(paths: readonly string[]): string | undefined {
  return paths.map((path) => path.slice(path.lastIndexOf("/") + 1)).find((name) => name.endsWith(".scope"));
}

/** The words of StartTransientUnit: name, mode, properties, and no units beside it. */
export function startArguments(
  { slice, unit }: ScopeName,
  pid: number,
  { id, resources }: Pick<ScopeRequest, "id" | "resources">,
  version: 1 | 2,
): string[] {
  const properties: Property[] = [
    ["Description", "s", `Ringside container ${id}`],
    ["Slice", "s", slice],
    ["Delegate", "b", "true"],
    ["PIDs", "au", "1", String(pid)],
    ["DefaultDependencies", "b", "false"],
    ["CollectMode", "s", "inactive-or-failed"],
    ["MemoryAccounting", "b", "true"],
    ["CPUAccounting", "b", "true"],
    ["TasksAccounting", "b", "true"],
    [version === 2 ? "IOAccounting" : "BlockIOAccounting", "b", "true"],
    ...resourceProperties(resources, version),
  ];
  return ["StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "replace", ...listOf(properties), "0"];
}

function listOf(properties: readonly Property[]): string[] {
  return [String(properties.length), ...properties.flat()];
}

async function callManager(launcher: Launcher, words: readonly string[]): Promise<void> {
  const busctl = findProgram("busctl") ?? "busctl";
  const bus = process.geteuid?.() === 0 ? [] : ["--user"];
  const environment = ["PATH=/usr/bin:/bin", ...["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].flatMap(variable)];
  const { readFd, writeFd } = openPipe();
  try {
    const running = await startProcess(launcher, {
      argv: [busctl, ...bus, "--quiet", "call", SERVICE, ...MANAGER, ...words],
      env: environment,
      stderr: writeFd,
    });
    const { status } = await running.exited;
    if (status.kind === "exited" && status.code === 0) return;
    throw new RingsideError(`systemd refuses ${words[0]}: ${textIn(readFd).trim()}`, { fix: DRIVER_FIX });
  } finally {
    closeSync(readFd);
    closeSync(writeFd);
  }
}

function variable(name: string): string[] {
  const value = process.env[name];
  return value === undefined ? [] : [`${name}=${value}`];
}

/** What a process that has ended left in a pipe, as far as the pipe holds it. */
function textIn(fd: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString("utf8", 0, readSync(fd, buffer));
  } catch {
    return "it did not say why";
  }
}

/** 1 ms, 2 ms, 4 ms … about 8 s: systemd works through a queue of jobs. */
const ATTEMPTS = 13;

/** systemd answers before it has done the job; the process itself shows when it has been moved. */
async function groupWhenThere(pid: number, unit: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const path = groupIn(readFileSync(`/proc/${pid}/cgroup`, "utf8"), unit);
    if (path !== undefined) return path;
    await setTimeout(2 ** attempt);
  }
  throw new RingsideError(`systemd did not start ${unit} in time`, { fix: `systemctl status ${unit}` });
}

/** @param text of /proc/PID/cgroup; the group in the tree that systemd keeps, v2's or its own on v1 */
export function groupIn(text: string, unit: string): string | undefined {
  for (const line of text.split("\n")) {
    const [, path] = /^(?:0:|\d+:name=systemd):(\/.*)$/.exec(line) ?? [];
    if (path?.endsWith(`/${unit}`)) return path;
  }
  return undefined;
}
