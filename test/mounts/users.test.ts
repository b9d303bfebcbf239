/** Files of a container in a user namespace of its own: whose they are, and what its root may not make. user_namespaces(7). */
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OciLinux } from "../../runtime/oci/config.ts";
import { DEFAULT_DEVICES } from "../../runtime/oci/defaults.ts";
import {
  BUNDLES,
  type Bundle,
  type BundleRun,
  bundleConfig,
  makeBundle,
  runBundle,
  USUAL_MOUNTS,
} from "../support/bundle.ts";
import { mountOnHost } from "../support/host-mounts.ts";
import { mountAt } from "../support/mountinfo.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";

const MAPPED = { containerID: 0, hostID: 100_000, size: 65_536 };
const USERS: Partial<OciLinux> = {
  namespaces: [
    { type: "pid" },
    { type: "mount" },
    { type: "uts" },
    { type: "ipc" },
    { type: "network" },
    { type: "user" },
  ],
  uidMappings: [MAPPED],
  gidMappings: [MAPPED],
};

/** A bundle whose root belongs to the container's own root. */
function ownBundle(): Bundle {
  const bundle = makeBundle();
  for (const directory of ["", "dev", "tmp", "etc"]) chownSync(join(bundle.rootfs, directory), 100_000, 100_000);
  return bundle;
}

describeWhere(BUNDLES, "a container in a user namespace", () => {
  test("has all its mounts, and shows the host's devices as its own", async () => {
    const nodes = DEFAULT_DEVICES.map(({ path }) => path).join(" ");
    const { output } = await runBundle(ownBundle(), {
      script: `id -u; stat -c '%n %t:%T' ${nodes}; echo x > /dev/null && echo written; cat /proc/self/mountinfo`,
      linux: USERS,
    });
    const lines = DEFAULT_DEVICES.map(({ path, major, minor }) => `${path} ${major}:${minor.toString(16)}`);
    expect(output.split("\n").slice(0, lines.length + 2)).toEqual(["0", ...lines, "written"]);
    expect(mountAt(output, "/proc").type).toBe("proc");
    expect(mountAt(output, "/sys").type).toBe("sysfs");
    expect(mountAt(output, "/dev/null").type).toBe("devtmpfs");
  });

  test("has its paths hidden and protected", async () => {
    const { output } = await runBundle(ownBundle(), {
      script: "cat /proc/keys; ls -A /proc/fs; echo 1 > /proc/sys/net/core/somaxconn",
      linux: { ...USERS, maskedPaths: ["/proc/keys", "/proc/fs"], readonlyPaths: ["/proc/sys"] },
    });
    expect(output).toMatch(/^[^\n]*somaxconn: Read-only file system\n$/);
  });

  test("writes files that belong to its users outside", async () => {
    const bundle = ownBundle();
    await runBundle(bundle, { script: "touch /tmp/file", linux: USERS });
    expect(statSync(join(bundle.rootfs, "tmp/file")).uid).toBe(100_000);
  });

  test("cannot write to what is bound read-only", async () => {
    const bundle = ownBundle();
    const source = join(bundle.path, "volume");
    mkdirSync(source);
    chownSync(source, 100_000, 100_000);
    const { output } = await runBundle(bundle, {
      script: "touch /volume/x",
      linux: USERS,
      moreMounts: [{ destination: "/volume", source, options: ["rbind", "ro"] }],
    });
    expect(output).toBe("touch: /volume/x: Read-only file system\n");
  });

  test("cannot undo what the host or the configuration has fixed, though it may mount", async () => {
    const bundle = ownBundle();
    const data = join(bundle.path, "data");
    const fixed = join(bundle.path, "fixed");
    for (const path of [data, fixed]) {
      mkdirSync(path);
      chownSync(path, 100_000, 100_000);
    }
    mountOnHost(["--bind", data], fixed);
    execFileSync("mount", ["-o", "remount,bind,ro,nosuid,nodev", fixed]);
    const { output } = await runBundle(bundle, {
      script:
        "for v in /fixed /chosen; do mount -o remount,bind,rw,suid,dev $v; touch $v/x; done; umount /fixed; touch /fixed/y; " +
        "mount -t tmpfs tmpfs /tmp && echo may mount",
      linux: USERS,
      moreMounts: [
        { destination: "/fixed", source: fixed, options: ["rbind"] },
        { destination: "/chosen", source: data, options: ["rbind", "ro"] },
      ],
    });
    for (const file of ["/fixed/x", "/chosen/x"]) expect(output).toContain(`touch: ${file}: Read-only file system`);
    expect(readdirSync(data)).toEqual([]);
    expect(output).toContain("may mount\n");
  });

  test("sees host files as its own through an id-mapped mount that takes the container's mappings", async () => {
    const bundle = ownBundle();
    const source = join(bundle.path, "volume");
    mkdirSync(source);
    writeFileSync(join(source, "file"), "");
    const { output } = await runBundle(bundle, {
      script: "stat -c %u /volume/file; touch /volume/new",
      linux: USERS,
      moreMounts: [{ destination: "/volume", source, options: ["bind", "idmap"] }],
    });
    expect(output).toBe("0\n");
    expect(statSync(join(source, "new")).uid).toBe(0);
  });

  test("that shares the host's network sees the host's /sys, since it may not make one", async () => {
    const namespaces = (USERS.namespaces ?? []).filter(({ type }) => type !== "network" && type !== "ipc");
    const { output } = await runBundle(ownBundle(), {
      script: "cat /proc/self/mountinfo; touch /sys/x",
      linux: { ...USERS, namespaces },
      mounts: USUAL_MOUNTS,
    });
    expect(mountAt(output, "/sys").options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev", "noexec"]));
    expect(output).toMatch(/touch: \/sys\/x: (Permission denied|Read-only file system)/);
  });

  test("has its own kernel settings", async () => {
    const { output } = await runBundle(ownBundle(), {
      script: "cat /proc/sys/net/core/somaxconn",
      linux: { ...USERS, sysctl: { "net.core.somaxconn": "77" } },
    });
    expect(output).toBe("77\n");
  });

  test("has a terminal", async () => {
    const { output, exit } = await runBundle(ownBundle(), {
      script: "test -t 0 && test -c /dev/console",
      linux: USERS,
      process: { terminal: true },
    });
    expect(output).toBe("");
    expect(exit.status).toEqual({ kind: "exited", code: 0 });
  });
});

describeWhere([...BUNDLES, needsPrograms("setpriv")], "a container of an ordinary user", () => {
  const UID = 54_321;
  const SCRIPT = join(import.meta.dirname, "as-user.ts");

  /** Runs as a user who is nobody special, with one number of its own. */
  function asUser(run: BundleRun): { output: string; code: number | null } {
    const bundle = makeBundle();
    execFileSync("chown", ["-R", `${UID}:${UID}`, bundle.path]);
    const mapping = [{ containerID: 0, hostID: UID, size: 1 }];
    const mounts = USUAL_MOUNTS.map((mount) => ({
      ...mount,
      // The group tty is nobody in there.
      options: (mount.options ?? []).filter((option) => option !== "gid=5"),
    }));
    const linux = { ...USERS, uidMappings: mapping, gidMappings: mapping, ...run.linux };
    const config = bundleConfig(bundle, { mounts, ...run, linux });
    const ids = [`--reuid=${UID}`, `--regid=${UID}`, "--clear-groups"];
    const { stdout, stderr, status } = spawnSync(
      "setpriv",
      [...ids, process.execPath, SCRIPT, bundle.rootfs, bundle.path],
      { input: JSON.stringify(config), encoding: "utf8" },
    );
    return { output: stdout + stderr, code: status };
  }

  test("has its root, its mounts and the host's devices, and is root in there", () => {
    const { output } = asUser({
      script: "id -u; ls /; test -c /dev/ptmx && echo x > /dev/null && cat /proc/self/mountinfo; touch /tmp/x /v/x",
      moreMounts: [{ destination: "/v", source: ".", options: ["rbind", "rro"] }],
      linux: { maskedPaths: ["/proc/keys", "/proc/fs"], readonlyPaths: ["/proc/sys"] },
    });
    expect(output).toMatch(/^0\nbin\n/);
    expect(mountAt(output, "/sys").type).toBe("sysfs");
    expect(mountAt(output, "/proc/fs").source).toBe("masked");
    expect(output.endsWith("touch: /v/x: Read-only file system\n")).toBe(true);
  });

  test("sees the host's /sys where it shares the host's network", () => {
    const namespaces = (USERS.namespaces ?? []).filter(({ type }) => type !== "network");
    const { output } = asUser({ script: "cat /proc/self/mountinfo", linux: { namespaces } });
    expect(mountAt(output, "/sys").options).toContain("ro");
  });

  test("is refused in words where only root could do it", () => {
    const idmap = { destination: "/v", source: ".", options: ["bind", "idmap"] };
    expect(asUser({ script: "true", moreMounts: [idmap] }).output).toContain("only root may map the ids");
    const namespaces = (USERS.namespaces ?? []).filter(({ type }) => type !== "mount");
    expect(asUser({ script: "true", linux: { namespaces } }).output).toContain("needs a mount namespace");
  });
});
