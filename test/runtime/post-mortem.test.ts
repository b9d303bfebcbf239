/** Why a program could not run, and why it ended: real containers, each with one thing wrong. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { execInContainer } from "../../runtime/container/exec.ts";
import type { ContainerOptions } from "../../runtime/container/options.ts";
import { explainExit } from "../../runtime/container/post-mortem/exit.ts";
import { postMortem } from "../../runtime/container/post-mortem/facts.ts";
import type { Finding } from "../../runtime/container/post-mortem/finding.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { removeContainer } from "../../runtime/container/stop.ts";
import { RingsideError } from "../../runtime/error.ts";
import { readElf } from "../../runtime/image/elf.ts";
import { makeElf } from "../image/make-elf.ts";
import { plainOptions } from "../support/inside.ts";
import { CONTAINERS, describeWhere, needsPrograms, unless } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";

const LAB = "/lab";
const FOREIGN_MACHINE = process.arch === "x64" ? 183 : 62;

/** Files of /lab: their contents, executable unless said otherwise. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "return.sh": "#!/bin/sh\r\necho hello\r\n",
  "no-interpreter": "#!/opt/none/python3\nprint(1)\n",
  "bare.sh": "#!\necho\n",
  "env-missing": "#!/usr/bin/env python99\n",
  "env-return": "#!/usr/bin/env sh\r\necho\r\n",
  "text.txt": "echo hello\n",
  empty: "",
  bytes: new Uint8Array([1, 2, 3, 0, 200, 201]),
  foreign: makeElf({ machine: FOREIGN_MACHINE }),
  "no-loader": makeElf({ interpreter: "/lib/ld-none.so.1", needed: ["libc.so"] }),
  cut: makeElf({ interpreter: "/lib/ld-none.so.1" }).subarray(0, 70),
};

const CRASH = "int main(void) { *(volatile int *)8 = 1; return 0; }\n";

describeWhere(CONTAINERS, "a post-mortem", () => {
  let launcher: Launcher;
  let lab: string;

  beforeAll(async () => {
    launcher = await Launcher.open();
    lab = mkdtempSync(join(tmpdir(), "ringside-test-"));
    chmodSync(lab, 0o755);
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(lab, name), content, { mode: 0o755 });
    writeFileSync(join(lab, "plain"), "#!/bin/sh\n", { mode: 0o644 });
    writeFileSync(join(lab, "private"), "#!/bin/sh\n", { mode: 0o700 });
    mkdirSync(join(lab, "closed"), { mode: 0o700 });
    writeFileSync(join(lab, "closed", "program"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("/nowhere/at/all", join(lab, "dangling"));
    symlinkSync("circle", join(lab, "circle"));
    // What it names is there on the host, and a program; inside there is nothing.
    symlinkSync(join(lab, "return.sh"), join(lab, "outward"));
    symlinkSync(`../../../../../../..${process.execPath}`, join(lab, "upward"));
    execFileSync("mkfifo", [join(lab, "pipe")]);
  });
  afterAll(async () => {
    await launcher.close();
    rmSync(lab, { recursive: true, force: true });
  });

  const withLab = (command: readonly string[], more: Partial<ContainerOptions> = {}): ContainerOptions =>
    plainOptions(command, {
      mounts: [{ destination: LAB, type: "bind", source: lab, options: ["bind", "ro"] }],
      ...more,
    });

  async function failureOf(options: ContainerOptions): Promise<RingsideError> {
    try {
      const world = await startContainer(launcher, options);
      world.kill("SIGKILL");
      await world.exited;
    } catch (error) {
      if (error instanceof RingsideError) return error;
      throw error;
    }
    throw new Error("it was started");
  }

  async function findingsOf(options: ContainerOptions): Promise<readonly Finding[]> {
    const world = await startContainer(launcher, options);
    return (await world.exited).findings ?? [];
  }

  test.each<[string, string, number, RegExp]>([
    ["is not on PATH", "nosuch", 127, /nosuch was not found in \$PATH \(\/usr\/local\/sbin:/],
    ["lies in a directory that is not there", "/opt/app/bin/x", 127, /was not found: there is no \/opt/],
    ["is not in a directory that is there", `${LAB}/nosuch`, 127, /was not found: it is not there/],
    ["has a file on its path", `${LAB}/text.txt/x`, 127, /\/lab\/text\.txt is a file, not a directory/],
    [
      "is a link to nothing",
      `${LAB}/dangling`,
      127,
      /the link \/lab\/dangling points to \/nowhere, which is not there/,
    ],
    ["is a directory", LAB, 126, /the program \/lab is a directory/],
    ["is a pipe", `${LAB}/pipe`, 126, /is a device, a pipe or a socket/],
    ["is not executable", `${LAB}/plain`, 126, /\/lab\/plain is not executable: its mode is 0644/],
    ["is empty", `${LAB}/empty`, 126, /\/lab\/empty is an empty file/],
    ["is a text without an interpreter", `${LAB}/text.txt`, 126, /without #! and an interpreter/],
    ["is neither program nor text", `${LAB}/bytes`, 126, /neither a program that the kernel knows nor a script/],
    ["has lines that end with CR LF", `${LAB}/return.sh`, 127, /end with CR LF, as on Windows.*"\/bin\/sh\\r"/],
    [
      "asks for an interpreter that is not there",
      `${LAB}/no-interpreter`,
      127,
      /asks for \/opt\/none\/python3: .*there is no \/opt/,
    ],
    ["asks for no interpreter", `${LAB}/bare.sh`, 126, /is #! without an interpreter/],
    ["is for another machine", `${LAB}/foreign`, 126, /is a program for .*(AArch64|x86-64).*, and this machine is/],
    [
      "needs a loader that is not there",
      `${LAB}/no-loader`,
      127,
      /needs the loader \/lib\/ld-none\.so\.1, which is not in the image/,
    ],
  ])("of a program that %s says so, with the path", async (_, program, exitCode, words) => {
    const error = await failureOf(withLab([program]));
    expect(error.message).toMatch(words);
    expect(error.exitCode).toBe(exitCode);
    expect(error.fix).toBeTruthy();
  });

  test("of a link in a circle says so", async () => {
    expect((await failureOf(withLab([`${LAB}/circle`]))).message).toMatch(/a link that leads in a circle/);
  });

  test("of a damaged program says what is broken", async () => {
    expect((await failureOf(withLab([`${LAB}/cut`]))).message).toMatch(/\/lab\/cut is a damaged program \(read ELF: /);
  });

  test.each(["outward", "upward"])("never looks at the host's files through a link of the image: %s", async (name) => {
    const error = await failureOf(withLab([`${LAB}/${name}`]));
    expect(error.message).toMatch(new RegExp(`the link /lab/${name} points to /[^ ]+, which is not there`));
    expect(error.exitCode).toBe(127);
  });

  test("says who may not execute a program, and why", async () => {
    const own = await failureOf(withLab([`${LAB}/private`], { user: "1000:1000" }));
    expect(own.message).toMatch(/user 1000 may not execute \/lab\/private: its mode is 0700, its owner 0:0/);
    const closed = await failureOf(withLab([`${LAB}/closed/program`], { user: "1000:1000" }));
    expect(closed.message).toMatch(/user 1000 may not enter \/lab\/closed/);
  });

  test("says where nothing can be executed", async () => {
    writeFileSync(join(lab, "sound.sh"), "#!/bin/sh\n", { mode: 0o755 });
    const mounts = [{ destination: LAB, type: "bind", source: lab, options: ["bind", "noexec"] }];
    const error = await failureOf(plainOptions([`${LAB}/sound.sh`], { mounts }));
    expect(error.message).toMatch(/\/lab\/sound\.sh lies in \/lab, which is mounted noexec/);
  });

  test("of a further program in a running container looks into that container", async () => {
    const world = await startContainer(launcher, plainOptions(["sleep", "600"]));
    onTestFinished(async () => {
      world.kill("SIGKILL");
      await world.exited;
    });
    const make = "printf '#!/bin/sh\\r\\n' > /tmp/a; chmod +x /tmp/a; ln -s /nowhere /tmp/b; cp /bin/sh /dev/shm/c";
    const made = await execInContainer(launcher, world.id, { command: ["sh", "-c", make], env: [] });
    await made.exited;
    const attempt = (command: string) => execInContainer(launcher, world.id, { command: [command], env: [] });
    await expect(attempt("/tmp/a")).rejects.toThrow(/CR LF/);
    await expect(attempt("/tmp/b")).rejects.toThrow(/the link \/tmp\/b points to \/nowhere/);
    await expect(attempt("nosuch")).rejects.toThrow(/was not found in \$PATH/);
    const shell = { command: ["sh", "-c", "nosuch"], env: [] };
    const { findings } = await (await execInContainer(launcher, world.id, shell)).exited;
    expect(findings?.[0]?.sentence).toMatch(/^sh ended with exit code 127, by convention/);
    await expect(attempt("")).rejects.toThrow(/there is no program to run/);
    await expect(attempt("/dev/shm/c")).rejects.toThrow(/\/dev\/shm\/c lies in \/dev\/shm, which is mounted noexec/);
  });

  test.each<[string, readonly string[], RegExp]>([
    [
      "a shell that did not find a command",
      ["sh", "-c", "nosuch"],
      /^sh ended with exit code 127, by convention: .* not found/,
    ],
    [
      "a shell that could not execute one",
      ["sh", "-c", "/etc/hostname"],
      /exit code 126, by convention: .* not executable/,
    ],
    [
      "a shell whose command was killed",
      ["sh", "-c", "sh -c 'kill -9 $$'; exit $?"],
      /exit code 137, by convention 128 \+ 9: .* SIGKILL/,
    ],
    ["a script whose env finds nothing", [`${LAB}/env-missing`], /asks env for python99, which is not in \$PATH/],
    ["a script whose env finds a CR", [`${LAB}/env-return`], /CR LF.*env looks for a program "sh\\r"/],
  ])("of %s explains the exit code", async (_, command, words) => {
    const [first] = await findingsOf(withLab(command));
    expect(first?.sentence).toMatch(words);
  });

  test("of a program that ended as it wanted says nothing", async () => {
    expect(await findingsOf(plainOptions(["true"]))).toEqual([]);
    expect(await findingsOf(plainOptions(["sh", "-c", "exit 3"]))).toEqual([]);
  });

  test("of a program that was killed from outside says that", async () => {
    const world = await startContainer(launcher, plainOptions(["sleep", "600"]));
    world.kill("SIGKILL");
    const [first] = (await world.exited).findings ?? [];
    expect(first).toMatchObject({
      kind: "signal",
      sentence: expect.stringMatching(/^sleep was ended by the signal SIGKILL: /),
    });
  });

  test("of a program that took too much memory names the limit", async () => {
    const [first] = await findingsOf(plainOptions(["tail", "/dev/zero"], { memoryBytes: 8 << 20 }));
    expect(first?.sentence).toBe("the kernel killed tail for want of memory: the limit of 8192 KiB was reached");
  });

  test("of a child that took too much memory names the limit, though the first process lived", async () => {
    const script = "tail /dev/zero; exit 0";
    const [first] = await findingsOf(plainOptions(["sh", "-c", script], { memoryBytes: 8 << 20 }));
    expect(first?.sentence).toMatch(/killed a process of the container for want of memory: the limit of 8192 KiB/);
  });

  test("of a container that made too many processes counts the refusals", async () => {
    const script = "for i in 1 2 3 4 5 6; do sleep 1 & done; exit 0";
    const findings = await findingsOf(plainOptions(["sh", "-c", script], { pidsLimit: 3 }));
    expect(findings.at(-1)?.sentence).toMatch(/no process could be made: the limit of 3 was reached/);
  });

  test("of a program that its filter ended says so", async () => {
    const seccomp = {
      defaultAction: "SCMP_ACT_ALLOW" as const,
      syscalls: [{ names: ["uname"], action: "SCMP_ACT_KILL_PROCESS" as const }],
    };
    const [first] = await findingsOf(plainOptions(["uname"], { seccomp }));
    expect(first).toMatchObject({ kind: "filter", fix: expect.stringContaining("ringside trace") });
  });

  describe("of compiled programs", unless([needsPrograms("gcc")]), () => {
    const compile = (name: string, source: string, ...flags: readonly string[]): void => {
      writeFileSync(join(lab, `${name}.c`), source);
      execFileSync("gcc", ["-o", join(lab, name), join(lab, `${name}.c`), "-L", lab, ...flags], { cwd: lab });
    };

    test("says that one used memory that is not its own", async () => {
      compile("crash", CRASH, "-static");
      const [first] = await findingsOf(withLab([`${LAB}/crash`]));
      expect(first?.sentence).toMatch(
        /^\/lab\/crash was ended by the signal SIGSEGV: it used memory that is not its own/,
      );
    });

    test("names the shared library that one lacks", async () => {
      const loader = readElf(execFileSync("cat", [process.execPath], { maxBuffer: 1 << 30 })).interpreter ?? "";
      const libc = execFileSync("gcc", ["-print-file-name=libc.so.6"], { encoding: "utf8" }).trim();
      copyFileSync(loader, join(lab, "loader"));
      copyFileSync(libc, join(lab, "libc.so.6"));
      compile("libneeded.so.7", "int needed(void) { return 0; }\n", "-shared", "-fPIC");
      const link = [`-Wl,--dynamic-linker,${LAB}/loader`, `-Wl,-rpath,${LAB}`, "-l:libneeded.so.7"];
      compile("needy", "int needed(void); int main(void) { return needed(); }\n", ...link);
      expect(await findingsOf(withLab([`${LAB}/needy`]))).toEqual([]);
      rmSync(join(lab, "libneeded.so.7"));
      const [first] = await findingsOf(withLab([`${LAB}/needy`]));
      expect(first).toMatchObject({
        kind: "library-missing",
        path: "libneeded.so.7",
        sentence: "/lab/needy needs the shared library libneeded.so.7, which is nowhere that its loader looks",
      });
    });
  });

  test("of a program that was made to keep its reader busy is given up, and says so", () => {
    const needed = Array.from({ length: 4000 }, (_, index) => `lib${index}.so`);
    writeFileSync(join(lab, "busy"), makeElf({ needed }), { mode: 0o755 });
    const config = {
      process: { args: [`${LAB}/busy`] },
      mounts: [{ destination: LAB, type: "bind", source: lab, options: ["bind"] }],
    };
    const exit = { status: { kind: "exited" as const, code: 127 }, at: "", oomKilled: false };
    const [first] = postMortem({ exit, config, image: "ringside/base", layer: "/nonexistent" });
    expect(first).toMatchObject({ kind: "unknown", sentence: expect.stringMatching(/more than \d+ files/) });
  });

  test("is printed by run, and by inspect afterwards", async () => {
    const name = `dead-${process.pid}`;
    const run = await ringside(["run", "--name", name, "ringside/base", "sh", "-c", "nosuch"]);
    onTestFinished(async () => void (await removeContainer(name, { force: true })));
    expect(run).toMatchObject({
      code: 127,
      stderr: expect.stringMatching(/ringside: sh ended with exit code 127, .*\n {2}fix: /),
    });
    const inspect = await ringside(["inspect", name]);
    expect(inspect.stdout).toContain('"sentence": "sh ended with exit code 127, by convention');
  });

  test("stands at the end of a detached container's log", async () => {
    const name = `log-${process.pid}`;
    await ringside(["run", "-d", "--name", name, "ringside/base", "sh", "-c", "echo last words; nosuch"]);
    onTestFinished(async () => void (await removeContainer(name, { force: true })));
    const logs = await ringside(["logs", "-f", name]);
    expect(logs.stdout).toBe("last words\n");
    expect(logs.stderr).toMatch(/sh ended with exit code 127/);
  });
});

test("a signal's words say when memory was dumped", () => {
  const program = { args: ["app"], env: [], cwd: "/", uid: 0, gids: [0], noExecute: [] };
  const status = { kind: "signaled" as const, signal: "SIGABRT", core: true as const };
  const [first] = explainExit({ status, oomKilled: false, program });
  expect(first?.sentence).toMatch(
    /^app was ended by the signal SIGABRT: it gave up by itself .*; its memory was dumped \(core\)$/,
  );
});

test("a kill is not blamed on somebody outside alone where a limit of processor time kills, too", () => {
  const program = { args: ["app"], env: [], cwd: "/", uid: 0, gids: [0], noExecute: [] };
  const status = { kind: "signaled", signal: "SIGKILL" } as const;
  const [first] = explainExit({ status, oomKilled: false, cpuLimitSeconds: 1, program });
  expect(first?.sentence).toMatch(/its limit of 1 s of processor time was reached, or somebody killed it/);
  expect(first?.fix).toBe("raise --ulimit cpu");
});
