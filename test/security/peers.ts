/**
 * Hostile bundles as commands for any OCI runtime, and how to tell afterwards whether it held. Canaries are files in
 * temporary directories; nothing here could harm the host if a runtime falls.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OciConfig, OciLinux, OciMount, OciProcess } from "../../runtime/oci/config.ts";
import { command } from "../support/engines.ts";
import { type Bench, plainConfig, type RuntimeName } from "../support/oci-runtime.ts";

export type Verdict = "holds" | "falls";

/** A hostile bundle, run by one runtime. */
export interface Attempt {
  readonly bench: Bench;
  readonly name: RuntimeName;
  readonly id: string;
}

export interface HostileCase {
  readonly cve: string;
  readonly what: string;
  readonly attempt: (attempt: Attempt) => Promise<Verdict>;
}

interface Bundle {
  readonly path: string;
  readonly rootfs: string;
}

type Changes = (config: OciConfig) => OciConfig;

const unchanged: Changes = (config) => config;
const withoutMount =
  (...destinations: readonly string[]): Changes =>
  (config) => ({
    ...config,
    mounts: config.mounts?.filter((mount) => !destinations.includes(mount.destination)) ?? [],
  });
const withMount =
  (mount: OciMount): Changes =>
  (config) => ({ ...config, mounts: [...(config.mounts ?? []), mount] });
const withLinux =
  (linux: Partial<OciLinux>): Changes =>
  (config) => ({ ...config, linux: { ...config.linux, ...linux } });
const withProcess =
  (process: Partial<OciProcess>): Changes =>
  (config) => ({ ...config, process: { args: [], cwd: "/", user: { uid: 0, gid: 0 }, ...config.process, ...process } });
const both =
  (...changes: readonly Changes[]): Changes =>
  (config) =>
    changes.reduce((sofar, change) => change(sofar), config);
/** What an image has in its place must be reachable: the root can be written. */
const writable: Changes = (config) => ({ ...config, root: { path: "rootfs", readonly: false } });

async function bundleOf({ bench, id }: Attempt, script: string, change: Changes = unchanged): Promise<Bundle> {
  const path = await bench.bundle(id, both(writable, change)(plainConfig(["/bin/sh", "-c", script])));
  return { path, rootfs: join(path, "rootfs") };
}

function replaceByLink(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

async function run({ bench, name, id }: Attempt, { path }: Bundle): Promise<{ code: number | null; stdout: string }> {
  const { code, stdout } = await bench.call(name, ["run", "--bundle", path, bench.owns(name, id)]);
  return { code, stdout };
}

const fallsIf = (isLost: boolean): Verdict => (isLost ? "falls" : "holds");

export const HOSTILE_CASES: readonly HostileCase[] = [
  {
    cve: "CVE-2019-19921",
    what: "/proc is a link to another directory of the root",
    async attempt(attempt) {
      const bundle = await bundleOf(attempt, "cat /elsewhere/self/stat");
      mkdirSync(join(bundle.rootfs, "elsewhere"));
      replaceByLink(join(bundle.rootfs, "proc"), "elsewhere");
      const { code } = await run(attempt, bundle);
      return fallsIf(code === 0);
    },
  },
  {
    cve: "CVE-2026-41579",
    what: "/dev is a link that leads out of the root",
    async attempt(attempt) {
      const bundle = await bundleOf(attempt, "true", withoutMount("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"));
      const host = join(bundle.path, "host");
      mkdirSync(host);
      replaceByLink(join(bundle.rootfs, "dev"), "../host");
      await run(attempt, bundle);
      return fallsIf(readdirSync(host).length > 0);
    },
  },
  {
    cve: "CVE-2025-31133",
    what: "/dev/null is a link to a file, which would cover what is to be hidden",
    async attempt(attempt) {
      const change = both(
        withoutMount("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"),
        withLinux({ maskedPaths: ["/etc/hidden"] }),
      );
      const bundle = await bundleOf(attempt, "cat /etc/hidden", change);
      writeFileSync(join(bundle.rootfs, "etc/hidden"), "hidden\n");
      writeFileSync(join(bundle.rootfs, "etc/planted"), "planted\n");
      replaceByLink(join(bundle.rootfs, "dev/null"), "/etc/planted");
      const { stdout } = await run(attempt, bundle);
      return fallsIf(stdout !== "");
    },
  },
  {
    cve: "CVE-2026-55686",
    what: "the working directory goes through a link that leads out",
    async attempt(attempt) {
      const bundle = await bundleOf(attempt, "true", withProcess({ cwd: "/link/work" }));
      const host = join(bundle.path, "host");
      mkdirSync(host);
      symlinkSync("../host", join(bundle.rootfs, "link"));
      await run(attempt, bundle);
      return fallsIf(readdirSync(host).length > 0);
    },
  },
  {
    cve: "CVE-2024-21626",
    what: "the working directory is a descriptor of the runtime's, while it has inherited one of the host",
    async attempt(attempt) {
      const { bench, name } = attempt;
      const change = (fd: number): Changes => both(writable, withProcess({ cwd: `/proc/self/fd/${fd}` }));
      const { path } = await bundleOf(attempt, "true");
      const host = join(path, "host");
      mkdirSync(host);
      writeFileSync(join(host, "canary"), "canary\n");
      const leaks = [3, 4, 5, 6, 7, 8, 9].map((number) => `${number}<'${host}'`).join(" ");
      for (const fd of [3, 5, 7, 8, 9, 12]) {
        bench.configure(path, change(fd)(plainConfig(["/bin/sh", "-c", "cat canary"])));
        const id = bench.owns(name, `${attempt.id}-${fd}`);
        const words = [bench.program(name), "--root", bench.root(name), "run", "--bundle", path, id];
        const quoted = words.map((word) => `'${word}'`).join(" ");
        const { stdout } = await command("sh", ["-c", `exec ${leaks}; exec ${quoted}`]);
        if (stdout.includes("canary")) return "falls";
      }
      return "holds";
    },
  },
  {
    cve: "CVE-2025-52881",
    what: "a kernel setting is to be written below a /proc/sys that something else is mounted on",
    async attempt(attempt) {
      const change = both(
        withMount({ destination: "/proc/sys/net", type: "tmpfs", source: "tmpfs" }),
        withLinux({ sysctl: { "net.core.somaxconn": "77" }, readonlyPaths: [] }),
        withProcess({
          capabilities: { bounding: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"] },
        }),
      );
      const bundle = await bundleOf(attempt, "umount /proc/sys/net; cat /proc/sys/net/core/somaxconn", change);
      const { code, stdout } = await run(attempt, bundle);
      // An error is an answer; a start without the setting is none.
      return fallsIf(code === 0 && stdout.trim() !== "77");
    },
  },
  {
    cve: "CVE-2022-29162",
    what: "exec --cap makes a capability inheritable",
    async attempt(attempt) {
      const [stdout = ""] = await execOutputs(attempt, [["--cap", "CAP_NET_RAW"]], "grep ^CapInh /proc/self/status");
      return fallsIf(/[1-9a-f]/.test(stdout.split("\t")[1] ?? ""));
    },
  },
  {
    cve: "CVE-2026-30892",
    what: "exec --user with what is not a number",
    async attempt(attempt) {
      const users = ["0x10", "010", "-1", "1:", "1x", "4294967296", " 1"];
      const options = users.map((user) => ["--user", user]);
      const outputs = await execOutputs(attempt, options, "echo ran");
      return fallsIf(outputs.some((output) => output.includes("ran")));
    },
  },
];

/** What further processes print in a container that waits, one for each list of options. */
async function execOutputs(attempt: Attempt, options: readonly string[][], script: string): Promise<string[]> {
  const { bench, name, id } = attempt;
  const bundle = await bundleOf(attempt, "exec sleep 600");
  const output = bench.output(id);
  const created = await bench.detached(name, ["create", "--bundle", bundle.path, bench.owns(name, id)], output);
  if (created.code !== 0) throw new Error(`${name} cannot create: ${readFileSync(output, "utf8")}`);
  await bench.call(name, ["start", id]);
  const outputs: string[] = [];
  for (const words of options) {
    outputs.push((await bench.call(name, ["exec", ...words, id, "/bin/sh", "-c", script])).stdout);
  }
  await bench.call(name, ["delete", "--force", id]);
  return outputs;
}
