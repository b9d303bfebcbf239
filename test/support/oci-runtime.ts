/**
 * OCI runtimes as commands: ours, crun and runc, each with a root directory of its own and bundles made for a test. What
 * a test leaves behind is taken away, also when it fails.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import type { OciConfig } from "../../runtime/oci/config.ts";
import { baseArchive, command, runtimeProgram, systemProgram } from "./engines.ts";
import type { Outcome } from "./ringside.ts";

export type RuntimeName = "ringside" | "crun" | "runc";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A plain container: what `spec` of all three makes, without a terminal. */
export function plainConfig(
  args: readonly string[],
  change: (config: OciConfig) => OciConfig = (config) => config,
): OciConfig {
  const set = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  return change({
    ociVersion: "1.0.2",
    root: { path: "rootfs", readonly: true },
    hostname: "differential",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: [PATH, "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: set, effective: set, permitted: set },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
      },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
      },
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
      {
        destination: "/sys/fs/cgroup",
        type: "cgroup",
        source: "cgroup",
        options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
      },
    ],
    linux: {
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: [
        { type: "pid" },
        { type: "network" },
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
        { type: "cgroup" },
      ],
      maskedPaths: [
        "/proc/acpi",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/sched_debug",
        "/sys/firmware",
        "/proc/scsi",
      ],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  });
}

/** A directory with bundles of the base image, and the runtimes' states beside them. */
export class Bench implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ringside-oci-"));
  readonly #ours = runtimeProgram(this.directory);
  readonly #made: { readonly name: RuntimeName; readonly id: string }[] = [];
  #archive: Promise<string> | undefined;

  program(name: RuntimeName): string {
    return name === "ringside" ? this.#ours : (systemProgram(name) ?? name);
  }

  root(name: RuntimeName): string {
    return join(this.directory, `states-${name}`);
  }

  /** Where the output of a container goes that outlives the command. */
  output(id: string): string {
    return join(this.directory, `output-${id}`);
  }

  /** Makes a bundle with files of its own. */
  async bundle(name: string, config: OciConfig): Promise<string> {
    const path = join(this.directory, name);
    mkdirSync(join(path, "rootfs"), { recursive: true });
    this.#archive ??= baseArchive(this.directory);
    const unpacked = await command("tar", ["-xf", await this.#archive, "-C", join(path, "rootfs")]);
    if (unpacked.code !== 0) throw new Error(unpacked.stderr);
    this.configure(path, config);
    return path;
  }

  configure(bundle: string, config: OciConfig): void {
    writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  }

  /** `RUNTIME --root … ARGS…` */
  call(name: RuntimeName, args: readonly string[], input = ""): Promise<Outcome> {
    return command(this.program(name), ["--root", this.root(name), ...args], { input });
  }

  /** A container that is taken away at the end. */
  owns(name: RuntimeName, id: string): string {
    this.#made.push({ name, id });
    return id;
  }

  /**
   * Starts a runtime whose output goes to a file, as engines have it: what the container holds open is not our pipe.
   */
  async detached(name: RuntimeName, args: readonly string[], output: string): Promise<Outcome> {
    const words = [this.program(name), "--root", this.root(name), ...args].map((word) => `'${word}'`).join(" ");
    return await command("sh", ["-c", `${words} </dev/null >'${output}' 2>&1`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name, id } of this.#made) await this.call(name, ["delete", "--force", id]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/**
 * crun 1.8 refuses a hybrid layout as long as the v2 tree holds a controller: each that could be there is mounted as a v1
 * hierarchy, in a mount namespace of a process of its own, for as long as crun is needed.
 * @returns why that cannot be done here, if so, and what takes it back
 */
export async function acceptCrun(
  directory: string,
): Promise<{ readonly problem: string | undefined; release(): Promise<void> }> {
  const layout = detectCgroups();
  const nothing = { problem: undefined, release: async () => {} };
  if (layout.mode !== "hybrid" || layout.unified === undefined) return nothing;
  const list = join(layout.unified, "cgroup.controllers");
  // Also one that somebody else has taken out of the v2 tree for a while: it would come back in the middle of a test.
  const controllers = readFileSync("/proc/cgroups", "utf8")
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([name = "", , , enabled]) => enabled === "1" && layout.controllers[name]?.version !== 1)
    .map(([name = ""]) => name);
  if (controllers.length === 0) return nothing;
  const places = controllers.map((controller) => join(directory, "v1", controller));
  for (const place of places) mkdirSync(place, { recursive: true });
  const mounts = controllers.map(
    (controller) => `mount -t cgroup -o ${controller} none ${join(directory, "v1", controller)}`,
  );
  const script = `${mounts.join(" && ")} && echo ready && exec cat`;
  const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", script], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => holder.once("exit", () => resolve()));
  const ready = await new Promise<boolean>((resolve) => {
    holder.stdout.once("data", () => resolve(true));
    holder.once("exit", () => resolve(false));
  });
  return {
    problem: ready
      ? undefined
      : `the controllers of the v2 tree (${controllers.join(", ")}) are in use, and crun refuses a hybrid layout with them`,
    async release() {
      holder.kill("SIGKILL");
      await ended;
      // The hierarchies go a moment after the last mount.
      for (const end = Date.now() + 5000; readFileSync(list, "utf8").trim() === "" && Date.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
