/** What engines leave in places that they share with others: taken away as far as it is the benchmark's, or nobody's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { removeGroups } from "../../runtime/bench/foreign-groups.ts";
import { undo } from "../../runtime/bench/undo.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { startDetached } from "../../runtime/container/detached.ts";
import { isAlive, processIdentity } from "../../runtime/container/process-identity.ts";
import { listContainers } from "../../runtime/container/state.ts";
import { CONTAINERS, needsLinux, needsRoot, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** A hierarchy in which a process can be put into a group of its own. */
function hierarchy(): string {
  const { mode, unified, controllers } = detectCgroups();
  const root = mode === "v2" ? unified : controllers.pids?.directory;
  if (root === undefined) throw new Error("no control groups");
  return root;
}

describe("what is taken away after a killed benchmark", () => {
  it(
    "is every group with its mark, with the processes in it; others' groups and processes stay",
    unless([needsLinux, needsRoot("control groups")]),
    async () => {
      const mark = `ringside-bench-test-${process.pid}`;
      const [ours, others] = [`${mark}-crun-0`, `other-${process.pid}`].map((name) => join(hierarchy(), name));
      if (ours === undefined || others === undefined) throw new TypeError("two groups");
      onTestFinished(() => [ours, others].forEach(removeGroups));
      for (const group of [ours, join(ours, "conmon"), others]) mkdirSync(group);
      const sleepers = [ours, others].map((group) => {
        const sleeper = spawn("sleep", ["1000"], { stdio: "ignore" });
        onTestFinished(() => void sleeper.kill("SIGKILL"));
        writeFileSync(join(group === ours ? join(ours, "conmon") : group, "cgroup.procs"), String(sleeper.pid));
        return { sleeper, startTicks: processIdentity(sleeper.pid ?? 0)?.startTicks ?? 0 };
      });
      await undo({ kind: "groups", mark });
      expect([existsSync(ours), existsSync(others)]).toEqual([false, true]);
      expect(sleepers.map(({ sleeper, startTicks }) => isAlive(sleeper.pid ?? 0, startTicks))).toEqual([false, true]);
      const [, other] = sleepers;
      other?.sleeper.kill("SIGKILL");
      if (other !== undefined) await once(other.sleeper, "exit");
    },
  );

  it("is a shared directory as far as it is empty", async () => {
    const directory = temporaryDirectory();
    const shared = join(directory, "shared");
    mkdirSync(join(shared, "empty", "deep"), { recursive: true });
    mkdirSync(join(shared, "used"));
    writeFileSync(join(shared, "used", "file"), "");
    await undo({ kind: "empty", path: shared });
    expect(readdirSync(shared)).toEqual(["used"]);
    await undo({ kind: "empty", path: join(directory, "not-there") });
  });

  it("is a socket that nobody listens at, unless it was there before", async () => {
    const directory = temporaryDirectory();
    const path = (name: string) => join(directory, name);
    const dead = async (name: string) => {
      // A process that is killed leaves its socket behind.
      const script = `require("net").createServer().listen(${JSON.stringify(path(name))}, () => process.stdout.write("."))`;
      const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    await dead("known");
    await dead("dead");
    writeFileSync(path("file"), "");
    const server = createServer().listen(path("alive"));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    await undo({ kind: "sockets", directory, known: ["known"] });
    expect(readdirSync(directory).sort()).toEqual(["alive", "file", "known"]);
    await undo({ kind: "sockets", directory: path("not-there"), known: [] });
  });

  it("is a container of ours that outlives its command, by its name", {
    timeout: 30_000,
    ...unless(CONTAINERS),
  }, async () => {
    const name = `ringside-bench-${process.pid}-undo-1`;
    await startDetached({
      ...{ image: "ringside/base", command: ["sleep", "1000"], env: [], name },
      ...{ readOnly: false, network: "none", remove: false, input: false },
    });
    await undo({ kind: "container", name });
    expect(listContainers().filter((container) => container.name === name)).toEqual([]);
    await undo({ kind: "container", name });
    await undo({ kind: "vm", name });
  });
});
