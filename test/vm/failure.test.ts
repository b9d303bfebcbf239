/** A guest that does not come up: its console is turned into what failed and what to do. */
import { describe, expect, test } from "vitest";
import { vmDirectory } from "../../runtime/vm/directory.ts";
import { type Ending, explainEnding } from "../../runtime/vm/failure.ts";
import { checkMemory } from "../../runtime/vm/options.ts";
import { qemuArguments } from "../../runtime/vm/qemu.ts";

const QUIET: Ending = {
  vmm: "QEMU",
  program: "sh",
  memoryBytes: 256 * 1024 ** 2,
  failed: undefined,
  timedOutAfterMs: undefined,
  booted: false,
  messages: [],
  monitorExit: "exit code 0",
  consoleTail: "",
};

describe("the end of a machine that did not do its job", () => {
  test("has Docker's exit codes for a program that is missing or cannot be executed", () => {
    expect(explainEnding({ ...QUIET, failed: { code: 127, reason: "No such file" } }).exitCode).toBe(127);
    expect(explainEnding({ ...QUIET, failed: { code: 126, reason: "Permission denied" } }).exitCode).toBe(126);
  });

  test("names the panic of the guest's kernel, and memory where that was it", () => {
    const consoleTail = "x\n[    0.5] Kernel panic - not syncing: System is deadlocked on memory\n";
    const error = explainEnding({ ...QUIET, consoleTail });
    expect(error.message).toContain("deadlocked on memory");
    expect(error.fix).toContain("--memory");
    expect(error.exitCode).toBe(125);
  });

  test("names the time-out and the last words", () => {
    const error = explainEnding({ ...QUIET, timedOutAfterMs: 3000, consoleTail: "one\nlast words\n" });
    expect(error.message).toContain("within 3 s");
    expect(error.message).toContain("last words");
  });

  test("passes on what QEMU said", () => {
    const error = explainEnding({
      ...QUIET,
      messages: ["cannot set up guest memory 'pc.ram'"],
      monitorExit: "exit code 1",
    });
    expect(error.message).toContain("cannot set up guest memory");
    expect(error.fix).toContain("less memory");
  });
});

describe("memory", () => {
  test("too small to boot is refused with the least that will do", () => {
    expect(() => checkMemory(8 * 1024 ** 2, 4 * 1024 ** 2)).toThrow(/need \d+ MiB/);
    expect(() => checkMemory(256 * 1024 ** 2, 4 * 1024 ** 2)).not.toThrow();
  });

  test("is what QEMU is told, and of its files only the kernel and the control socket have a name", () => {
    const args = qemuArguments({
      machine: "microvm",
      accelerator: "tcg",
      memoryBytes: 128 * 1024 ** 2,
      kernelPath: "/k",
      devices: {},
      console: "serial",
      directory: vmDirectory("0123456789ab", "/s,t"),
      detached: false,
    });
    expect(args).toContain("size=131064k");
    const paths = args.flatMap((arg) => /(?:^|path=)(\/(?:,,|[^,])*)/.exec(arg)?.[1] ?? []);
    expect(paths.filter((path) => !path.startsWith("/proc/self/fd/"))).toEqual(["/k", "/s,,t/0123456789ab/qmp.sock"]);
  });
});
