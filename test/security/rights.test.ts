/** What a container's root may not do although it is called root: capabilities, namespaces, other people's terminals. */
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { execInContainer } from "../../runtime/container/exec.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { BUNDLES, makeBundle, runBundle } from "../support/bundle.ts";
import { needsCompiler } from "../support/compiled.ts";
import { command, systemProgram } from "../support/engines.ts";
import { inside, plainOptions, withOutput } from "../support/inside.ts";
import { CONTAINERS, describeWhere, findProgram, needsPrograms } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { compiled } from "./canary.ts";
import { startHostile } from "./running.ts";

const NONE = "0000000000000000";
const GREP_INHERITED = "grep -E '^Cap(Inh|Amb)' /proc/self/status | cut -f2";

describeWhere(
  CONTAINERS,
  "CVE-2022-24769, CVE-2022-27649, CVE-2022-27650, CVE-2022-29162: inheritable capabilities",
  () => {
    test("are none in our own containers", async () => {
      expect((await inside(GREP_INHERITED)).output).toBe(`${NONE}\n${NONE}\n`);
    });

    test("are none in a container whose configuration has none, nor in its further processes", async () => {
      const bundle = makeBundle();
      const script = "grep ^CapInh: /proc/self/status; grep ^CapAmb: /proc/self/status";
      const expected = `CapInh:\t${NONE}\nCapAmb:\t${NONE}\n`;
      expect((await runBundle(bundle, { script })).output).toBe(expected);
      const { exec } = await startHostile(bundle, ["/bin/sleep", "600"]);
      expect(await exec(["/bin/sh", "-c", script])).toBe(expected);
    });

    test("that an exec adds by --cap are not inheritable", async () => {
      const { execProcess, EXEC_OPTIONS } = await import("../../runtime/cli/oci/exec-options.ts");
      const { parseArguments } = await import("../../runtime/cli/oci/arguments.ts");
      const { values } = parseArguments(["--cap", "CAP_NET_RAW", "id"], EXEC_OPTIONS, "in order");
      const { capabilities } = execProcess(
        values,
        ["true"],
        { user: { uid: 0, gid: 0 }, args: ["x"], cwd: "/" },
        () => {},
      );
      expect(capabilities?.inheritable ?? []).toEqual([]);
      expect(capabilities?.ambient ?? []).toEqual([]);
    });
  },
);

/** capabilities(7), "File capabilities"; linux/capability.h, struct vfs_cap_data. */
const REVISION_2 = 0x0200_0000;
const EFFECTIVE = 1;
const NET_RAW = 1 << 13;

/** Gives a file capabilities, as setcap(8) does: Node has no setxattr(2). */
async function setFileCapabilities(path: string, permitted: number, inheritable: number): Promise<void> {
  const value = Buffer.alloc(20);
  for (const [at, word] of [REVISION_2 | EFFECTIVE, permitted, inheritable].entries())
    value.writeUInt32LE(word, at * 4);
  const script = "import os, sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))";
  await command(systemProgram("python3") ?? "python3", ["-c", script, path, value.toString("hex")]);
}

describeWhere(
  [...CONTAINERS, needsPrograms("busybox", "python3")],
  "CVE-2022-24769: a file with inheritable capabilities in an image",
  () => {
    test("gives its process none of them, though one with permitted ones gives those, also in an exec", async () => {
      const directory = temporaryDirectory();
      // By a name that begins with its own, busybox takes the applet's as first argument.
      const programs = { "busybox-ei": [0, NET_RAW], "busybox-ep": [NET_RAW, 0] } as const;
      for (const [name, [permitted, inheritable]] of Object.entries(programs)) {
        copyFileSync(findProgram("busybox") ?? "", join(directory, name));
        await setFileCapabilities(join(directory, name), permitted, inheritable);
      }
      chmodSync(directory, 0o755);
      const look = (name: string) => `/programs/${name} grep -E '^Cap(Prm|Eff)' /proc/self/status | cut -f2`;
      const script = `${look("busybox-ei")}; ${look("busybox-ep")}`;
      const netRaw = NET_RAW.toString(16).padStart(16, "0");
      const expected = `${NONE}\n${NONE}\n${netRaw}\n${netRaw}\n`;
      const mounts = [{ destination: "/programs", source: directory, type: "bind", options: ["bind", "ro"] }];
      const options = { user: "1000:1000", noNewPrivileges: false, mounts };
      expect((await inside(script, options)).output).toBe(expected);
      await using launcher = await Launcher.open();
      const world = await startContainer(launcher, plainOptions(["sleep", "600"], options));
      const { output } = await withOutput((stdio) =>
        execInContainer(launcher, world.id, { command: ["sh", "-c", script], env: [], stdio }),
      );
      expect(await output).toBe(expected);
      world.kill("SIGKILL");
      await world.exited;
    });
  },
);

describeWhere([...CONTAINERS, needsPrograms("busybox")], "CVE-2022-0492: the way to a release_agent", () => {
  test("is closed at each step: no namespace, no mount, no file to write", async () => {
    const source = findProgram("busybox") ?? "";
    const script = `
      /busybox unshare -U true 2>/dev/null && echo "a user namespace"
      /busybox unshare -m true 2>/dev/null && echo "a mount namespace"
      mkdir /tmp/groups
      mount -t cgroup -o none,name=ringside-canary none /tmp/groups 2>/dev/null && echo "a hierarchy" && umount /tmp/groups
      for file in $(/busybox find / -xdev -name release_agent; /busybox find /sys/fs/cgroup -name release_agent); do
        (: >> $file) 2>/dev/null && echo "$file"
      done
      for file in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
        (echo $$ > $file) 2>/dev/null && echo "$file"
      done
      echo end`;
    const mounts = [{ destination: "/busybox", source, type: "bind", options: ["bind", "ro"] }];
    expect((await inside(script, { mounts })).output).toBe("end\n");
  });
});

describeWhere(
  [...CONTAINERS, needsCompiler, needsPrograms("script")],
  "CVE-2017-5226: typing into the caller's terminal",
  () => {
    test("is refused where the caller's terminal is standard input", async () => {
      const attack = compiled("attack.c");
      const run = `'${process.execPath}' '${COMMAND_LINE}' run --rm -i -v '${attack}:/attack:ro' ringside/base /attack tiocsti`;
      const file = join(temporaryDirectory(), "typescript");
      const { stdout } = await command(systemProgram("script") ?? "script", ["-qec", run, file], {
        env: process.env,
      });
      expect(stdout).toMatch(/refused: /);
      expect(stdout).not.toMatch(/typed|canary/);
    });

    test("finds no session of the caller's: each process has its own", async () => {
      const session = "cut -d' ' -f6 /proc/self/stat";
      const bundle = makeBundle();
      expect(Number((await runBundle(bundle, { script: session })).output)).toBeGreaterThan(0);
      const { exec } = await startHostile(bundle, ["/bin/sleep", "600"]);
      expect(Number(await exec(["/bin/sh", "-c", session]))).toBeGreaterThan(0);
    });
  },
);

describeWhere(BUNDLES, "CVE-2015-1334: a /proc that the container has made", () => {
  test("is not asked when a further process comes in", async () => {
    const mounts = [{ destination: "/proc", type: "tmpfs" }];
    const { exec } = await startHostile(makeBundle(), ["/bin/sleep", "600"], { mounts });
    const seen = await exec(["/bin/sh", "-c", "mount -t proc proc /tmp; cat /tmp/self/oom_score_adj"], {
      oomScoreAdj: 321,
    });
    expect(seen).toBe("321\n");
  });
});
