/** What `ringside oci` says when it is called wrongly, and when a program cannot run: engines read it, and people. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { helpOf } from "../../runtime/cli/oci/help.ts";
import { BUNDLES, bundleConfig, makeBundle } from "../support/bundle.ts";
import { command } from "../support/engines.ts";
import { describeWhere } from "../support/needs.ts";
import { COMMAND_LINE, type Outcome, ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test.each([
  [["state"], "state needs a container's id", "state"],
  [["state", "one", "two"], "state takes one container's id, and got more: two", "state"],
  [["kill", "box", "9", "again"], "kill takes a container's id and a signal, and got more: again", "kill"],
  [["list", "--format", "yaml"], 'invalid format "yaml": table or json', "list"],
  [["create", "--frobnicate", "box"], "unknown option '--frobnicate'", "create"],
  [["create", "--preserve-fds", "many", "box"], "--preserve-fds many: not a number from 0 to 60", "create"],
  [["update", "--pids-limit", "few", "box"], 'invalid value "few" for --pids-limit: not a whole number', "update"],
])("%j is told what is wrong, on one line, and where it says what is right", async (args, words, command) => {
  const { stdout, stderr, code } = await ringside(["oci", "--root", temporaryDirectory(), ...args]);
  expect({ stdout, code }).toEqual({ stdout: "", code: 1 });
  expect(stderr).toBe(`${words} (fix: ringside oci ${command} --help shows what it takes, with examples)\n`);
});

test("a wrong option in front of the command is told where those are listed", async () => {
  const { stderr } = await ringside(["oci", "--frobnicate", "list"]);
  expect(stderr).toBe("unknown option '--frobnicate' (fix: ringside oci --help shows what it takes, with examples)\n");
});

test("every command's help has examples", async () => {
  const { stdout } = await ringside(["oci", "--help"]);
  const commands = [...(stdout.split("commands:\n")[1] ?? "").matchAll(/^ {2}(\w+) /gm)].map(([, name = ""]) => name);
  expect(commands).toContain("update");
  const command = { summary: "", operands: "", options: {}, run: async () => 0 };
  for (const name of commands) expect(helpOf(name, command)).toContain(`\nexamples:\n  ringside oci ${name}`);
});

/** e_machine of the IBM S/390 (elf(5)). */
const EM_S390 = 22;

/** A bundle that is to run `program`, with several in it that no kernel of ours runs. */
function bundleOf(program: string): string {
  const bundle = makeBundle();
  const mainframe = Buffer.alloc(64);
  mainframe.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  mainframe.writeUInt16LE(2, 16);
  mainframe.writeUInt16LE(EM_S390, 18);
  const programs = { lost: "#!/none/sh\n", windows: "#!/bin/sh\r\n", mainframe, closed: "#!/bin/sh\n" };
  for (const [name, content] of Object.entries(programs)) {
    writeFileSync(join(bundle.rootfs, "bin", name), content, { mode: name === "closed" ? 0o644 : 0o755 });
  }
  const config = bundleConfig(bundle, { script: "", process: { args: [program] } });
  writeFileSync(join(bundle.path, "config.json"), JSON.stringify(config));
  return bundle.path;
}

async function call(command: string, bundle: string): Promise<Outcome> {
  const root = temporaryDirectory();
  const id = `failures-${process.pid}`;
  const outcome = await ringside(["oci", "--root", root, command, "--bundle", bundle, id]);
  expect((await ringside(["oci", "--root", root, "state", id])).stderr).toContain("does not exist");
  return outcome;
}

describeWhere(BUNDLES, "a program that cannot run in a bundle", () => {
  // The beginning is what engines look for.
  test.each([
    ["lost", 127, /^executable file `lost` not found in \$PATH: no such file or directory.*: .*\/none\/sh/],
    [
      "windows",
      127,
      /^executable file `windows` not found in \$PATH: no such file or directory.*: .*\/bin\/windows.*CR/,
    ],
    ["mainframe", 126, /^open executable `mainframe`: exec format error \(permission denied: .*: .*S\/390/],
    ["/bin/closed", 126, /^open executable `\/bin\/closed`: permission denied: .*\/bin\/closed/],
    ["nonesuch", 127, /^executable file `nonesuch` not found in \$PATH: no such file or directory: .*nonesuch/],
  ])("gets the words of engines, and then why: %s", async (program, code, words) => {
    const outcome = await call("run", bundleOf(program));
    expect(outcome.stderr).toMatch(words);
    expect(outcome.stderr.trimEnd()).not.toContain("\n");
    expect(outcome.stderr).toContain("(fix: ");
    expect(outcome.code).toBe(code);
  });

  test("is told at create already where it can be known", async () => {
    const { stderr, code } = await call("create", bundleOf("nonesuch"));
    expect(stderr).toMatch(/^executable file `nonesuch` not found in \$PATH: no such file or directory: .*nonesuch/);
    expect(code).toBe(127);
  });

  test("is told at start where it cannot be known before; one that is over at once is none of those", async () => {
    const root = temporaryDirectory();
    for (const program of ["windows", "true"]) {
      const id = `failures-start-${program}-${process.pid}`;
      const remove = () => ringside(["oci", "--root", root, "delete", "--force", id]);
      onTestFinished(async () => void (await remove()));
      const ours = [process.execPath, COMMAND_LINE, "oci", "--root", root];
      const create = [...ours, "create", "--bundle", bundleOf(program), id];
      // What lives on must not hold our pipe open.
      await command("sh", ["-c", 'exec "$@" </dev/null >/dev/null 2>&1', "sh", ...create]);
      const { stderr } = await ringside(["oci", "--root", root, "start", id]);
      if (program === "true") expect(stderr).toBe("");
      else expect(stderr).toMatch(/^executable file `windows` not found in \$PATH: no such file or directory.*: .*CR/m);
      expect((await remove()).code).toBe(0);
    }
  });
});
