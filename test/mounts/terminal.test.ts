/** The terminal of a container: from which devpts, of which size, whose, and where its master goes. pty(7), devpts(5). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { OciProcess } from "../../runtime/oci/config.ts";
import { BUNDLES, type Bundle, type BundleRun, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { hostMounts } from "../support/host-mounts.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";

const CONSOLE = join(import.meta.dirname, "console.py");
const [PROC, DEV] = USUAL_MOUNTS;
const TERMINAL: Partial<OciProcess> = { terminal: true, consoleSize: { width: 101, height: 37 } };

/** Runs with a terminal. @returns what the one who waits at the socket has seen */
async function onConsole(bundle: Bundle, run: BundleRun, socket = join(bundle.path, "console")): Promise<string> {
  const engine = spawn("python3", [CONSOLE, socket], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    engine.kill();
  });
  await once(engine.stdout, "readable");
  const seen = text(engine.stdout);
  await runBundle(bundle, { ...run, process: { ...TERMINAL, ...run.process }, context: { consoleSocket: socket } });
  return await seen;
}

describeWhere([...BUNDLES, needsPrograms("python3")], "a terminal that is sent to a console socket", () => {
  test("is the container's own, of the size asked for, and the process's controlling one", async () => {
    const seen = await onConsole(makeBundle(), { script: "tty; stty size; echo to the terminal > /dev/tty" });
    expect(seen).toBe("listening\n1 /dev/pts/0\n/dev/pts/0\n37 101\nto the terminal\n");
  });

  test("belongs to the process's user, and to the group of the devpts", async () => {
    const seen = await onConsole(makeBundle(), {
      script: "stat -c '%u:%g %a' /dev/pts/0",
      process: { user: { uid: 1000, gid: 1000 } },
    });
    expect(seen).toContain("\n1000:5 620\n");
  });

  test("is /dev/console too, by descriptor and not by a link", async () => {
    const seen = await onConsole(makeBundle(), {
      script:
        "stat -c '%F %t:%T' /dev/console /dev/pts/0; echo through console > /dev/console; ls -l /dev/console | head -c 1",
    });
    expect(seen).toContain("character special file 88:0\ncharacter special file 88:0\nthrough console\nc");
  });

  test("goes to a socket whose path is too long for an address", async () => {
    const bundle = makeBundle();
    const seen = await onConsole(bundle, { script: "echo here" }, join(bundle.path, "x".repeat(100)));
    expect(seen).toBe("listening\n1 /dev/pts/0\nhere\n");
  });

  test.each([
    ["in a /dev of the container's without a devpts, from the host's", [PROC, DEV]],
    ["without any mount at /dev, from the host's", [PROC]],
    [
      "in the host's own /dev, from that",
      [PROC, { destination: "/dev", source: "/dev", options: ["rbind", "rprivate"] }],
    ],
  ])("is there %s", async (_, mounts) => {
    const bundle = makeBundle();
    const before = hostMounts(bundle.path);
    const seen = await onConsole(bundle, {
      script: "test -t 0 && test -t 1 && stty size",
      mounts: mounts.filter((mount) => mount !== undefined),
    });
    expect(seen).toMatch(/^listening\n1 \/dev\/pts\/\d+\n37 101\n$/);
    expect(hostMounts(bundle.path)).toEqual(before);
  });
});

describeWhere(BUNDLES, "a console socket", () => {
  test("where nobody waits fails the start before anything is made", async () => {
    const bundle = makeBundle();
    const file = join(bundle.path, "no-socket");
    writeFileSync(file, "");
    const run = (consoleSocket: string) =>
      runBundle(bundle, { script: "true", process: TERMINAL, context: { consoleSocket } });
    await expect(run(file)).rejects.toThrow(/ECONNREFUSED.*connectSocket/);
    await expect(run(join(bundle.path, "nothing"))).rejects.toThrow(/ENOENT.*connectSocket/);
  });
});
