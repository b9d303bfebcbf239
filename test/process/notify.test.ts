/** SCMP_ACT_NOTIFY: somebody outside answers for a container's system calls (config-linux.md, Seccomp). */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { compile, needsCompiler } from "../support/compiled.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { printed, runBundle } from "./bundle.ts";

const ENOTTY = 25;
const place = mkdtempSync(join(tmpdir(), "ringside-supervisor-"));
const PROGRAM = join(place, "supervisor");

afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});

interface Supervisor {
  readonly socket: string;
  readonly process: ChildProcess;
  /** The states that it was sent, once it has ended. */
  readonly ended: Promise<string>;
}

async function supervisor(): Promise<Supervisor> {
  const socket = join(temporaryDirectory(), "socket");
  const process = spawn(PROGRAM, [socket, String(ENOTTY)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    process.kill("SIGKILL");
  });
  let text = "";
  const ready = new Promise<void>((resolve, reject) => {
    process.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.startsWith("ready\n")) resolve();
    });
    process.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
  const ended = new Promise<string>((resolve) => {
    process.once("close", () => resolve(text.slice("ready\n".length)));
  });
  await ready;
  return { socket, process, ended };
}

const asking = (listenerPath: string): SeccompProfile => ({
  defaultAction: "SCMP_ACT_ALLOW",
  listenerPath,
  listenerMetadata: "for the one who answers",
  syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }],
});

describeWhere([...CONTAINERS, needsCompiler], "a filter that asks somebody", () => {
  beforeAll(() => {
    compile("test/process/supervisor.c", PROGRAM);
  });

  test.each([true, false])("hands its listener and the state over, with no_new_privs %s", async (noNewPrivileges) => {
    const { socket, ended } = await supervisor();
    const seccomp = asking(socket);
    const text = await printed("mkdir /x 2>&1; echo went on", {
      process: { noNewPrivileges },
      linux: { seccomp },
      config: { annotations: { a: "b" } },
      context: { filter: compileSeccomp(seccomp), bundle: "/the/bundle" },
    });
    expect(text).toMatch(/(Inappropriate ioctl|Not a tty).*\nwent on$/);
    const state = JSON.parse(await ended);
    expect(state).toMatchObject({
      ociVersion: "1.3.0",
      fds: ["seccompFd"],
      metadata: "for the one who answers",
      state: { status: "creating", bundle: "/the/bundle", annotations: { a: "b" } },
    });
    expect(state.pid).toBe(state.state.pid);
    expect(state.pid).toBeGreaterThan(1);
  });

  test("works for a process that was born twice", async () => {
    const { socket, ended } = await supervisor();
    const seccomp = asking(socket);
    const namespaces = (["pid", "mount", "uts", "ipc", "network", "time"] as const).map((type) => ({ type }));
    const text = await printed("mkdir /x 2>&1", {
      linux: { seccomp, namespaces },
      context: { filter: compileSeccomp(seccomp) },
    });
    expect(text).toMatch(/Inappropriate ioctl|Not a tty/);
    expect(JSON.parse(await ended).pid).toBeGreaterThan(1);
  });

  test("is not started when nobody listens, or when it names nobody", async () => {
    const seccomp = asking(join(temporaryDirectory(), "nobody"));
    const context = { filter: compileSeccomp(seccomp) };
    await expect(runBundle("true", { linux: { seccomp }, context })).rejects.toMatchObject({
      syscall: "connectSocket",
    });
    const { listenerPath: _, ...nobody } = seccomp;
    await expect(runBundle("true", { linux: { seccomp: nobody }, context })).rejects.toThrow(/no listenerPath/);
  });
});
