/** Devices of a container: the default ones, those asked for, and those that cannot be made. mknod(2), null(4). */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_DEVICES, DEFAULT_LINKS } from "../../runtime/oci/defaults.ts";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { describeWhere } from "../support/needs.ts";

const [PROC, , , SYS] = USUAL_MOUNTS;
const hexadecimal = (value: number) => value.toString(16);

describeWhere(BUNDLES, "a container's /dev", () => {
  test.each([
    ["of its own", USUAL_MOUNTS],
    ["in the root itself", USUAL_MOUNTS.filter((mount) => mount === PROC || mount === SYS)],
  ])("%s has the default devices and links", async (_, mounts) => {
    const nodes = DEFAULT_DEVICES.map(({ path }) => path).join(" ");
    const links = DEFAULT_LINKS.map(({ path }) => path);
    const { output } = await runBundle(makeBundle(), {
      script: `stat -c '%n %F %t %T %a %u:%g' ${nodes}; for link in ${links.join(" ")}; do readlink $link; done`,
      mounts,
    });
    expect(output.split("\n").slice(0, -1)).toEqual([
      ...DEFAULT_DEVICES.map(
        ({ path, major, minor }) =>
          `${path} character special file ${hexadecimal(major)} ${hexadecimal(minor)} 666 0:0`,
      ),
      ...DEFAULT_LINKS.map(({ target }) => target),
    ]);
  });

  test("can be used by programs", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "echo lost > /dev/null; head -c 3 /dev/zero | wc -c; echo to stdout > /dev/stdout; echo x > /dev/full",
    });
    expect(output).toMatch(/to stdout\n.*No space left/s);
  });

  test("that is bound from elsewhere is left as it is", async () => {
    const bundle = makeBundle();
    const dev = join(bundle.path, "dev");
    mkdirSync(dev);
    const { output } = await runBundle(bundle, {
      script: "ls -A /dev",
      mounts: [
        ...USUAL_MOUNTS.filter((mount) => mount === PROC),
        { destination: "/dev", source: dev, options: ["rbind"] },
      ],
      linux: { devices: [{ type: "c", path: "/dev/fuse", major: 10, minor: 229 }] },
    });
    expect(output).toBe("");
    expect(readdirSync(dev)).toEqual([]);
  });
});

describeWhere(BUNDLES, "linux.devices", () => {
  test("makes nodes of every type, with owner and mode, wherever they are asked for", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "stat -c '%n %F %t %T %a %u:%g' /dev/fuse /dev/net/tun /dev/pipe /else/where /dev/unbuffered",
      linux: {
        devices: [
          { type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o640, uid: 3, gid: 4 },
          { type: "c", path: "/dev/net/tun", major: 10, minor: 200 },
          { type: "p", path: "/dev/pipe", fileMode: 0o600, uid: 7 },
          { type: "b", path: "/else/where", major: 7, minor: 300, fileMode: 0o777 },
          { type: "u", path: "/dev/unbuffered", major: 300, minor: 1 },
        ],
      },
    });
    expect(output.split("\n").slice(0, -1)).toEqual([
      "/dev/fuse character special file a e5 640 3:4",
      "/dev/net/tun character special file a c8 666 0:0",
      "/dev/pipe fifo 0 0 600 7:0",
      "/else/where block special file 7 12c 777 0:0",
      "/dev/unbuffered character special file 12c 1 666 0:0",
    ]);
  });

  test("wins over a default device of the same path", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "stat -c '%a %u %t:%T' /dev/zero",
      linux: { devices: [{ type: "c", path: "/dev/zero", major: 1, minor: 5, fileMode: 0o600, uid: 9 }] },
    });
    expect(output).toBe("600 9 1:5\n");
  });

  test("may not put something else in the place of null when it is to hide files", async () => {
    const linux = { devices: [{ type: "c", path: "/dev/null", major: 1, minor: 5 } as const] };
    const { output } = await runBundle(makeBundle(), { script: "stat -c %T /dev/null", linux });
    expect(output).toBe("5\n");
    const hiding = runBundle(makeBundle(), { script: "true", linux: { ...linux, maskedPaths: ["/proc/keys"] } });
    await expect(hiding).rejects.toThrow(/ENODEV.*maskPath/);
  });

  test("without a number is refused in words", async () => {
    const run = runBundle(makeBundle(), { script: "true", linux: { devices: [{ type: "b", path: "/dev/disk" }] } });
    await expect(run).rejects.toThrow(/\/dev\/disk: it has no number/);
  });
});
