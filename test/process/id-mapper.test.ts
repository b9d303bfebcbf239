/** An ordinary user's container with more users than one: newuidmap(1), newgidmap(1), subuid(5). */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { idMapSteps, type Mapper } from "../../runtime/plan/user-namespace.ts";
import { BUNDLES, bundleConfig, makeBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const UID = 54_321;
const AS_USER = join(import.meta.dirname, "../mounts/as-user.ts");
const range = (hostID: number) => [
  { containerID: 0, hostID: UID, size: 1 },
  { containerID: 1, hostID, size: 65_535 },
];
const TYPES = ["pid", "mount", "uts", "ipc", "network", "user"] as const;

/** Runs `script` as a user to whom a list in the place of /etc/subuid gives ids; only this test's processes see it. */
function asUser(script: string, hostID: number): string {
  const bundle = makeBundle();
  execFileSync("chown", ["-R", `${UID}:${UID}`, bundle.path]);
  const files = temporaryDirectory();
  writeFileSync(join(files, "given"), `${UID}:400000:65536\n`);
  // The helpers serve only users who have a name.
  writeFileSync(join(files, "passwd"), `${readFileSync("/etc/passwd", "utf8")}somebody:x:${UID}:${UID}::/:/bin/sh\n`);
  const maps = range(hostID);
  const config = bundleConfig(bundle, {
    script,
    mounts: USUAL_MOUNTS,
    linux: { namespaces: TYPES.map((type) => ({ type })), uidMappings: maps, gidMappings: maps },
    process: { user: { uid: 7, gid: 8, additionalGids: [9] } },
  });
  const places = { subuid: "given", subgid: "given", passwd: "passwd" };
  const mounts = Object.entries(places).map(([place, file]) => `mount --bind ${files}/${file} /etc/${place}`);
  const user = `setpriv --reuid=${UID} --regid=${UID} --clear-groups`;
  const { stdout, stderr } = spawnSync(
    "unshare",
    [
      "--mount",
      "sh",
      "-c",
      `${mounts.join(" && ")} && exec ${user} "$@"`,
      "sh",
      process.execPath,
      AS_USER,
      bundle.rootfs,
      bundle.path,
    ],
    { input: JSON.stringify(config), encoding: "utf8" },
  );
  return stdout + stderr;
}

describeWhere([...BUNDLES, needsPrograms("newuidmap", "newgidmap", "setpriv", "unshare")], "an ordinary user", () => {
  test("has in a container all the users that are set aside for it, and groups beside", () => {
    expect(asUser("id -u; id -G; tr -s ' ' < /proc/self/uid_map", 400_000)).toBe(
      `7\n8 9\n 0 ${UID} 1\n 1 400000 65535\n`,
    );
  });

  test("gets none that are another's", () => {
    const text = asUser("echo started", 500_000);
    expect(text).not.toContain("started");
    expect(text).toContain("not allowed");
  });
});

test("who maps what is decided by whose the ids are", () => {
  const root: Mapper = { uid: 0, gid: 0, find: () => undefined };
  const user: Mapper = { uid: UID, gid: UID, find: (program) => `/usr/bin/${program}` };
  const maps = { uidMappings: range(400_000), gidMappings: range(400_000) };
  const own = [{ containerID: 0, hostID: UID, size: 1 }];
  expect(idMapSteps(maps, root)).toMatchObject([{ op: "writeIdMaps", denySetgroups: 0 }]);
  expect(idMapSteps({ uidMappings: own, gidMappings: own }, user)).toMatchObject([
    { op: "writeIdMaps", denySetgroups: 1 },
  ]);
  expect(idMapSteps(maps, user)).toMatchObject([
    { op: "runIdMapper", program: "/usr/bin/newgidmap", map: ["0", String(UID), "1", "1", "400000", "65535"] },
    { op: "runIdMapper", program: "/usr/bin/newuidmap" },
  ]);
  expect(() => idMapSteps(maps, { ...user, find: () => undefined })).toThrow(/newgidmap is not installed/);
});
