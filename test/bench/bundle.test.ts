/** What other runtimes are given to start: the same configuration as ours, as an OCI bundle. */
import { describe, expect, it } from "vitest";
import { benchConfig, specificationJson } from "../../runtime/bench/bundle.ts";
import { BASE_CONFIG, BASE_IMAGE, type Image } from "../../runtime/image/image.ts";
import { DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";

const IMAGE: Image = {
  name: BASE_IMAGE,
  id: "sha256:0",
  lowerDirectories: ["/nowhere"],
  config: BASE_CONFIG,
  builtFrom: "nothing",
};

function bundle(cgroups: boolean): Record<string, unknown> {
  const options = {
    image: IMAGE,
    rootDirectory: "/rootfs",
    program: ["/bin/probe"],
    memoryBytes: 1 << 26,
    pidsLimit: 64,
    cgroups,
    seccomp: true,
  };
  return JSON.parse(JSON.stringify(specificationJson(benchConfig(options))));
}

describe("the bundle that peers are given", () => {
  it("asks for what our own default container has: namespaces, capabilities, filter, limits", () => {
    expect(bundle(true)).toMatchObject({
      root: { path: "/rootfs", readonly: false },
      process: {
        args: ["/bin/probe"],
        noNewPrivileges: true,
        capabilities: { bounding: [...DEFAULT_CAPABILITIES], inheritable: [] },
      },
      linux: {
        namespaces: ["pid", "mount", "network", "uts", "ipc", "cgroup"].map((type) => ({ type })),
        resources: { memory: { limit: 67_108_864 }, pids: { limit: 64 } },
        seccomp: { defaultAction: "SCMP_ACT_ERRNO" },
        readonlyPaths: expect.arrayContaining(["/proc/sys"]),
        maskedPaths: expect.arrayContaining(["/proc/kcore"]),
      },
    });
  });

  it("mounts what our own container mounts, with the specification's option names", () => {
    const mounts = JSON.stringify(bundle(true).mounts);
    for (const destination of ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]) {
      expect(mounts).toContain(`"destination":"${destination}"`);
    }
    expect(mounts).toContain('"options":["nosuid","nodev","noexec"]');
    expect(mounts).not.toContain("why");
  });

  it("sets no limits for a runtime that makes no control groups", () => {
    expect(bundle(false)).toMatchObject({ linux: { resources: {} } });
  });
});
