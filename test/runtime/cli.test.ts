/** The command line as a shell sees it: outputs, exit codes, and that a refusal leaves nothing behind. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { containerProblem } from "../support/inside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const MAIN = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
const problem = containerProblem();

function ringside(root: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, RINGSIDE_ROOT: root };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}

function kept(root: string): string[] {
  return ["containers", "names", "layers"].flatMap((place) => {
    const directory = join(root, place);
    return existsSync(directory) ? readdirSync(directory) : [];
  });
}

describe.skipIf(problem !== undefined)(`ringside run${problem === undefined ? "" : ` (skipped: ${problem})`}`, () => {
  test("prints what the program prints and ends with its exit code", () => {
    const root = temporaryDirectory();
    const { code, stdout } = ringside(root, "run", "--rm", "ringside/base", "sh", "-c", "echo $$; exit 7");
    expect(stdout).toBe("1\n");
    expect(code).toBe(7);
    expect(kept(root)).toEqual([]);
  });

  test("ends with 128 + N when signal N ended the program", () => {
    const script = "sh -c 'kill -9 $$'; exit $?";
    expect(ringside(temporaryDirectory(), "run", "--rm", "ringside/base", "sh", "-c", script).code).toBe(137);
  });

  test.each([
    ["an unknown image", ["nosuch", "sh"], 125, "there is no image nosuch"],
    ["a command that is not there", ["ringside/base", "nosuch"], 127, "not found in $PATH"],
    ["a file that is no program", ["ringside/base", "/etc/passwd"], 126, "not executable"],
    ["a directory", ["ringside/base", "/etc"], 126, "not executable"],
    [
      "memory below what can start",
      ["--memory", "4k", "ringside/base", "true"],
      125,
      "the least that starts a program",
    ],
    ["an amount that is none", ["--memory", "much", "ringside/base", "true"], 125, "not an amount of memory"],
    ["more CPUs than there are", ["--cpus", "4096", "ringside/base", "true"], 125, "this machine has"],
    ["a user that the image has not", ["-u", "nobody9", "ringside/base", "true"], 125, "has no user"],
    ["a user number in octal", ["-u", "010", "ringside/base", "true"], 125, "has no user"],
    ["a name that is none", ["--name", "../x", "ringside/base", "true"], 125, "cannot name a container"],
    ["a network that is none", ["--network", "bridge9", "ringside/base", "true"], 125, "there is no network"],
    [
      "a timeline in no directory",
      ["--timeline", "/none/x", "ringside/base", "true"],
      125,
      "no such file or directory",
    ],
    ["a working directory from nowhere", ["-w", "tmp", "ringside/base", "true"], 125, "is not an absolute path"],
    ["a working directory that is a file", ["-w", "/etc/passwd", "ringside/base", "true"], 125, "could not be started"],
  ])("refuses %s, says why and what to do, and leaves nothing behind", (_, args, code, words) => {
    const root = temporaryDirectory();
    const result = ringside(root, "run", "--rm", ...args);
    expect(result.stderr).toContain(words);
    expect(result.stderr).toContain("fix:");
    expect(result.code).toBe(code);
    expect(kept(root)).toEqual([]);
  });

  test("says on standard error what was asked for and is not had, and runs all the same", () => {
    const args = ["-v", "/dev:/dev", "--device", "/dev/null:/dev/other", "ringside/base", "echo", "ran"];
    expect(ringside(temporaryDirectory(), "run", "--rm", ...args)).toEqual({
      stdout: "ran\n",
      stderr: "ringside: note: /dev is the host's own, so no node of linux.devices is made in it\n",
      code: 0,
    });
  });

  test("keeps a container without --rm, lists it, refuses its name, and removes it", () => {
    const root = temporaryDirectory();
    expect(ringside(root, "run", "--name", "keeper", "ringside/base", "sh", "-c", "echo x > /kept; exit 3").code).toBe(
      3,
    );
    expect(ringside(root, "ps").stdout.split("\n")).toHaveLength(2);
    expect(ringside(root, "ps", "-a").stdout).toContain("exited with 3");
    const taken = ringside(root, "run", "--name", "keeper", "ringside/base", "true");
    expect(taken.code).toBe(125);
    expect(taken.stderr).toContain("the name keeper is taken");
    const inspected: unknown = JSON.parse(ringside(root, "inspect", "keeper").stdout);
    expect(inspected).toMatchObject({
      schema: "ringside.inspect/1",
      containers: [{ name: "keeper", status: "exited" }],
    });
    expect(ringside(root, "rm", "keeper").stdout).toBe("keeper\n");
    expect(kept(root)).toEqual([]);
  });

  test("writes its start as a trace", () => {
    const root = temporaryDirectory();
    const file = join(root, "start.json");
    expect(ringside(root, "run", "--rm", "--timeline", file, "ringside/base", "true").code).toBe(0);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ otherData: { schema: "ringside.timeline/1" } });
  });
});

describe("ringside explain", () => {
  test("says every step of a container without making it", () => {
    const root = temporaryDirectory();
    const { code, stdout } = ringside(root, "explain", "ringside/base", "sh");
    expect(code).toBe(0);
    for (const call of ["clone3", "pivot_root", "seccomp", "execve"]) expect(stdout).toContain(call);
    expect(kept(root)).toEqual([]);
  });

  test("gives the same as JSON", () => {
    const { stdout } = ringside(temporaryDirectory(), "explain", "--json", "ringside/base", "sh");
    expect(JSON.parse(stdout)).toMatchObject({ schema: "ringside.explain/1" });
  });
});
