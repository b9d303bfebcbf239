/** What docker and podman are both asked, in the same words: their command lines are the same there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { baseArchive, command, type EnginePlace, groupsNaming } from "./engines.ts";
import { untilEmpty } from "./leftovers.ts";
import type { Outcome } from "./ringside.ts";

type Call = (...args: string[]) => Promise<Outcome>;

/** An engine with our runtime under it. */
export interface Engine {
  readonly image: string;
  /** Any of its commands. */
  readonly call: Call;
  /** `run`, with what every container here needs. */
  readonly run: Call;
  /** Ends a container and removes it. */
  readonly remove: Call;
}

/** Runs a line of the shell on a terminal of its own (script(1)). */
export function commandOnTerminal(line: string): Promise<Outcome> {
  return command("script", ["-qec", line, "/dev/null"]);
}

/** Makes the engine's image of the base image's files. */
export async function importImage({ call, image }: Engine, directory: string): Promise<void> {
  const imported = await call("import", await baseArchive(directory), image);
  if (imported.code !== 0) throw new Error(imported.stderr);
}

/** A program's output, both streams, and its exit code. */
export async function expectStreamsAndCode({ run, image }: Engine): Promise<void> {
  expect(await run("--rm", image, "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
    stdout: "out\n",
    stderr: "err\n",
    code: 7,
  });
}

/** Host name, user, directory, variables, capabilities. */
export const IDENTITY = [
  ...["--hostname", "seat", "-u", "1000:44", "-w", "/var", "-e", "A=b c", "--cap-drop", "ALL"],
] as const;

const LIMITS = ["--memory", "64m", "--pids-limit", "33", "--cpus", "0.5"] as const;
const LIMITS_V1 =
  "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu*/cpu.cfs_quota_us";
const LIMITS_V2 = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; cut -d' ' -f1 /sys/fs/cgroup/cpu.max";

/** Limits on memory, processes and CPU as the inside reads them. @returns what `more` prints after them */
export async function expectLimits(
  { run, image }: Engine,
  options: readonly string[],
  more: string,
): Promise<string[]> {
  const script = `if [ -e /sys/fs/cgroup/cgroup.controllers ]; then ${LIMITS_V2}; else ${LIMITS_V1}; fi; ${more}`;
  const { stdout } = await run("--rm", ...LIMITS, ...options, image, "sh", "-c", script);
  // On v1 cpu and cpuacct may be one hierarchy with two names.
  const [memory, pids, quota, ...rest] = new Set(stdout.trim().split("\n"));
  expect([memory, pids, quota]).toEqual(["67108864", "33", "50000"]);
  return rest;
}

/** A directory of the host's, shown writable and read-only. */
export async function expectVolumes({ run, image }: Engine, place: EnginePlace): Promise<void> {
  const shared = place.make("shared");
  writeFileSync(join(shared, "from-outside"), "outside");
  const script = "cat /rw/from-outside; echo inside > /rw/from-inside; echo no > /ro/x || echo refused";
  const { stdout } = await run("--rm", "-v", `${shared}:/rw`, "-v", `${shared}:/ro:ro`, image, "sh", "-c", script);
  expect([stdout, readFileSync(join(shared, "from-inside"), "utf8")]).toEqual(["outsiderefused\n", "inside\n"]);
}

/** `exec` into the container `name`, which has A=own: variables, directory, user, exit code. */
export async function expectExec({ call }: Engine, name: string): Promise<void> {
  expect(await call("exec", "-e", "B=added", "-w", "/var", name, "sh", "-c", "echo $A $B $PWD; exit 5")).toMatchObject({
    stdout: "own added /var\n",
    code: 5,
  });
  expect((await call("exec", "-u", "1000", name, "id", "-u")).stdout).toBe("1000\n");
}

/** A container that is removed while it runs leaves no group, no mount, no process. @returns its id */
export async function expectNothingLeft({ run, remove, image }: Engine, place: EnginePlace): Promise<string> {
  const id = (await run("-d", "--memory", "64m", image, "sh", "-c", "sleep 300 & sleep 300")).stdout.trim();
  expect(groupsNaming(id).length).toBeGreaterThan(0);
  await remove(id);
  expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
  expect(place.mounts().filter((point) => point.includes(id))).toEqual([]);
  expect(await untilEmpty(() => place.strays().filter((line) => line.includes(id)))).toEqual([]);
  return id;
}
