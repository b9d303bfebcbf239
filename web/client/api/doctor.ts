/**
 * What this machine can do: GET /api/doctor.
 */

import { type DoctorReport, doctorReportSchema } from "../../protocol/doctor.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { request } from "./request.ts";

/** @throws RequestError */
export function fetchDoctor(): Promise<DoctorReport> {
  return request("examine the machine", ROUTES.doctor, doctorReportSchema);
}
