/** Our tracer against strace, on programs that wait for whichever of the two before their first instruction. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { CONTAINERS, describeWhere, needsPrograms, needsRoot, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { type Story, type Subject, seenByStrace, seenByUs, type ToldCall } from "../support/traced.ts";

/** Calls whose arguments strace writes in a form of its own, or whose data is never the same twice. */
const TOLD_DIFFERENTLY: ReadonlySet<string> = new Set([
  "clone",
  "clone3",
  "getrandom",
  "prctl",
  "restart_syscall",
  "rseq",
]);

/** Results that are other numbers in each run: of processes, of memory. */
const RESULT_OF_THE_RUN: ReadonlySet<string> = new Set([
  "clone",
  "clone3",
  "fork",
  "vfork",
  "getpid",
  "gettid",
  "set_tid_address",
]);

/** Arguments that we leave as they are (structures), and those that name a process, say nothing to compare. */
function isComparable(name: string, ours: string, index: number): boolean {
  if (/^0x[0-9a-f]+$/.test(ours)) return false;
  return !(["kill", "tgkill"].includes(name) && index < 2 && /^-?\d+$/.test(ours));
}

function differences(thread: number, ours: readonly ToldCall[], theirs: readonly ToldCall[]): string[] {
  return ours.flatMap((call, at) => {
    const other = theirs[at];
    if (other === undefined || other.name !== call.name) return [];
    const where = `thread ${thread}, call ${at}, ${call.name}`;
    const found: string[] = [];
    if (!TOLD_DIFFERENTLY.has(call.name)) {
      call.args.forEach((ours, index) => {
        // Of the environment's address and of a program's own only the rest can be compared.
        const [a, b] = [ours, other.args[index] ?? ""].map((text) => text.replace(/^0x[0-9a-f]+(?= \/\*)/, "ADDRESS"));
        if (isComparable(call.name, ours, index) && a !== b) found.push(`${where}: ${a} is ${b} to strace`);
      });
    }
    const [a, b] = [call.result, other.result].map((text) => text.split(" ").slice(0, 2).join(" "));
    const isFixed = !RESULT_OF_THE_RUN.has(call.name) && !/^0x/.test(a ?? "");
    if (isFixed && a?.split(" ")[0] !== b?.split(" ")[0]) found.push(`${where}: = ${a} is ${b} to strace`);
    if (isFixed && a?.startsWith("-1") && a !== b) found.push(`${where}: = ${a} is ${b} to strace`);
    return found;
  });
}

/** Whether and how often one has to wait for another is chance. */
const WAITING: ReadonlySet<string> = new Set(["futex", "wait4", "rt_sigreturn"]);
const withoutWaiting = (story: Story): Story => story.map((calls) => calls.filter(({ name }) => !WAITING.has(name)));

const namesOf = (story: Story) => story.map((calls) => calls.map(({ name }) => name));

async function expectSameAsStrace(launcher: Launcher, subject: Subject): Promise<Story> {
  const seen = await seenByUs(launcher, subject);
  const story = withoutWaiting(seen.story);
  const theirs = withoutWaiting(await seenByStrace(launcher, subject));
  expect(seen.lost).toBe(0);
  expect(namesOf(story)).toEqual(namesOf(theirs));
  expect(story.flatMap((calls, thread) => differences(thread, calls, theirs[thread] ?? []))).toEqual([]);
  return story;
}

describeWhere([...CONTAINERS, needsPrograms("strace")], "the calls that are seen", () => {
  let launcher: Launcher;
  beforeAll(async () => {
    launcher = await Launcher.open();
  });
  afterAll(async () => {
    await launcher.close();
  });

  test.each<[string, readonly string[]]>([
    ["a static program", ["cat", "/etc/hostname"]],
    ["a program that lists a directory", ["ls", "-la", "/etc"]],
    ["a program that is not found at what it looks for", ["cat", "/no/such/file"]],
    ["a shell with a pipe", ["sh", "-c", "ls / | wc -l; exit 4"]],
    ["a shell that writes a file and forks", ["sh", "-c", "echo one > /tmp/a; cat /tmp/a; (cd /tmp; rm a)"]],
  ])("in a container are those that strace sees: %s", async (_, command) => {
    const story = await expectSameAsStrace(launcher, { world: "container", command });
    expect(story[0]?.[0]).toMatchObject({ name: "execve", result: "0" });
  });

  test("of a dynamic program are those that strace sees", async () => {
    const [calls = []] = await expectSameAsStrace(launcher, { world: "process", command: ["/bin/cat", "/etc/hosts"] });
    expect(calls.some(({ name, args }) => name === "openat" && args[1]?.includes("ld.so.cache"))).toBe(true);
  });

  test.each([["dynamic"], ["static"]])(
    "of a %s program with threads and children are those that strace sees, thread by thread",
    unless([needsPrograms("gcc"), needsRoot("traces other processes")]),
    async (kind) => {
      const program = join(temporaryDirectory(), "threads");
      const flags = kind === "static" ? ["-static"] : [];
      execFileSync("gcc", [...flags, "-O1", "-pthread", "-o", program, join(import.meta.dirname, "threads.c")]);
      const story = await expectSameAsStrace(launcher, { world: "process", command: [program] });
      expect(story).toHaveLength(5);
    },
  );

  test("without follow are those of the first thread alone, and children run untouched", async () => {
    const command = ["sh", "-c", "ls / > /dev/null; cat /proc/self/status > /tmp/s; grep -c 'TracerPid:.0' /tmp/s"];
    const { story, exit } = await seenByUs(launcher, { world: "container", command }, { follow: false });
    expect(story).toHaveLength(1);
    expect(exit.status).toEqual({ kind: "exited", code: 0 });
  });
});
