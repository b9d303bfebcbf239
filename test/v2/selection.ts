/** Which tests mean something on cgroup v2, and run in the guest unless others are asked for. */
export const GUEST_TESTS: readonly string[] = ["test/cgroup/", "test/runtime/inside", "test/runtime/ownership"];
