/** `GET /api/doctor`: what this machine can do, as `ringside doctor --json` prints it. */

import type { FastifyInstance } from "fastify";
import type { DoctorReport } from "../../protocol/doctor.ts";
import type { Backend } from "../backend.ts";

/** Adds the route. Who asks while an answer is being found gets the same one: the probes boot a guest. */
export function addDoctorRoute(server: FastifyInstance, backend: Backend): void {
  let pending: Promise<DoctorReport> | undefined;

  server.get("/doctor", () => {
    pending ??= backend.doctor().finally(() => {
      pending = undefined;
    });
    return pending;
  });
}
