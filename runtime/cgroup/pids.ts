/**
 * The pids controller: how many processes and threads a container may have. The cure for fork bombs.
 * Kernel: admin-guide/cgroup-v1/pids.rst; admin-guide/cgroup-v2.rst, "PID". config-linux.md, PIDs.
 */
import type { Controller } from "./controller.ts";
import { digits } from "./values.ts";

const FIELD = "linux.resources.pids.limit";
/** PID_MAX_LIMIT on 64 bits: more processes the kernel cannot have, so that is no limit either. */
const MOST = 4 * 1024 * 1024;

export const pids: Controller = {
  name: "pids",
  why: "Its processes and threads are counted, and fork fails with EAGAIN above the limit.",
  // 0 and less stand for "no limit" with every engine (docker-run(1), --pids-limit), which a new group has.
  asked: ({ pids: { limit = 0 } = {} }) => (limit > 0 ? [`--pids-limit (${FIELD})`] : []),
  joinedOnV1: false,

  settings({ pids: { limit } = {} }) {
    if (limit === undefined || limit === 0) return [];
    if (limit === -1) return [{ file: "pids.max", value: "max", why: "It may have as many processes as the machine." }];
    return [
      {
        file: "pids.max",
        value: digits(FIELD, limit, 1, MOST),
        why: "A fork bomb ends here instead of taking the host along.",
      },
    ];
  },

  reports: () => [{ name: "pids.events", file: "pids.events" }],
};
