/**
 * The pids controller: how many processes and threads a container may have. The cure for fork bombs.
 * Kernel: admin-guide/cgroup-v1/pids.rst; admin-guide/cgroup-v2.rst, "PID".
 */
import type { Controller } from "./controller.ts";

export const pids: Controller = {
  name: "pids",
  why: "Its processes and threads are counted, and fork fails with EAGAIN above the limit.",
  option: "--pids-limit",
  needed: ({ pidsLimit }) => pidsLimit !== undefined,
  joinedOnV1: false,

  settings: ({ pidsLimit }) =>
    pidsLimit === undefined
      ? []
      : [
          {
            file: "pids.max",
            value: String(pidsLimit),
            why: "A fork bomb ends here instead of taking the host along.",
          },
        ],

  reports: () => [{ name: "pids.events", file: "pids.events" }],
};
