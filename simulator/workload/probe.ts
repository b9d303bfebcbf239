/**
 * The probe: the smallest program that shows it is alive. It is what the real benchmark runs in every world, too: a
 * static program whose first instructions write one byte and end.
 */
import type { Workload } from "./workload.ts";

export const PROBE: Workload = {
  name: "probe",
  operations: [
    { kind: "pageTouch", pages: 1, access: "read" },
    { kind: "mark", mark: "firstInstruction" },
    { kind: "compute", instructions: 5 },
    { kind: "systemCall", service: "write", bytes: 1 },
    { kind: "mark", mark: "firstByte" },
    { kind: "compute", instructions: 3 },
    { kind: "systemCall", service: "exit" },
  ],
};
