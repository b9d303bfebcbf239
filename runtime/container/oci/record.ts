/**
 * What is written down of an engine's container: state.json, by atomic rename, so that a reader sees the old one or the
 * new one. Whether it runs is not in it: the kernel is asked (status.ts).
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../../native/error-code.ts";
import { RingsideError } from "../../error.ts";

export interface EngineRecord {
  readonly schema: "ringside.oci/1";
  readonly ociVersion: string;
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly owner: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Every control group that was made for it, absolute; written down before they are made. */
  readonly cgroups: readonly string[];
  /** Groups on the way to them that were made with them, deepest first. */
  readonly cgroupParents: readonly string[];
  /** Hooks run when it is started or deleted: then its configuration has to be read. */
  readonly hooks: boolean;
  /** Whether its configuration has a process; without one it can be created and not started. */
  readonly hasProgram: boolean;
  /** --systemd-cgroup: the groups are systemd's to remove. */
  readonly systemd: boolean;
  /** The container's first process as the host numbers it; absent until it waits for `start`. */
  readonly init?: { readonly pid: number; readonly startTicks: number };
}

const FILE = "state.json";
const CONFIG_FILE = "config.json";

/** The state directory of one container. `id` has been checked. */
export function stateDirectory(root: string, id: string): string {
  return join(root, id);
}

/** The configuration as it was when the container was created, whatever became of the bundle's. */
export function savedConfigPath(directory: string): string {
  return join(directory, CONFIG_FILE);
}

/** @param directory the container's, which is there already */
export function writeEngineRecord(directory: string, record: EngineRecord): void {
  const temporary = join(directory, `.${FILE}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, join(directory, FILE));
}

/** @returns undefined when there is none: no such container, or one whose creation has not come so far */
export function readEngineRecord(directory: string): EngineRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, FILE), "utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const parsed = parseRecord(text);
  if (parsed === undefined) {
    throw new RingsideError(`the state in ${directory} is not of this version of Ringside`, {
      fix: `ringside oci delete --force removes it`,
    });
  }
  return parsed;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function stringsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function initOf(value: unknown): { pid: number; startTicks: number } | undefined {
  if (!isObject(value)) return undefined;
  const { pid, startTicks } = value;
  return typeof pid === "number" && typeof startTicks === "number" ? { pid, startTicks } : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns undefined for a text that was not written by writeEngineRecord */
export function parseRecord(text: string): EngineRecord | undefined {
  const value = parseObject(text);
  if (value === undefined || value.schema !== "ringside.oci/1") return undefined;
  const { ociVersion, id, bundle, rootfs, createdAt, owner, cgroups, init } = value;
  const known = [ociVersion, id, bundle, rootfs, createdAt, owner].every((field) => typeof field === "string");
  if (!known || !Array.isArray(cgroups)) return undefined;
  const process = initOf(init);
  return {
    schema: "ringside.oci/1",
    ociVersion: String(ociVersion),
    id: String(id),
    bundle: String(bundle),
    rootfs: String(rootfs),
    createdAt: String(createdAt),
    owner: String(owner),
    annotations: stringsOf(value.annotations),
    cgroups: textsOf(cgroups),
    cgroupParents: textsOf(value.cgroupParents),
    hooks: value.hooks === true,
    hasProgram: value.hasProgram !== false,
    systemd: value.systemd === true,
    ...(process !== undefined && { init: process }),
  };
}
