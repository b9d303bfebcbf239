/** Which tests mean something on cgroup v2, and run in the guest unless others are asked for. */
export const GUEST_TESTS: readonly string[] = [
  "test/cgroup/",
  "test/runtime/inside",
  "test/runtime/ownership",
  "test/runtime/running",
  "test/process/",
  "test/mounts/",
  "test/rootless/",
  "test/bench/floor",
];

/** Those that start many commands, each a second of emulation: only when all are asked for (`-- --all`). */
export const SLOWER_TESTS: readonly string[] = ["test/conformance/", "test/monitor/", "test/security/"];

/** Which need systemd as process 1, and run in a boot of their own. */
export const SYSTEMD_TESTS: readonly string[] = ["test/cgroup/systemd"];
