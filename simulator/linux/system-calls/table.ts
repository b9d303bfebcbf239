/** The system-call table: every call that the model knows, by number, by name and by the service that programs ask for. */
import { SERVICES, type Service } from "../../workload/services.ts";
import { FILE_CALLS } from "./files.ts";
import { ISOLATION_CALLS } from "./isolation.ts";
import { MEMORY_CALLS } from "./memory.ts";
import { NETWORK_CALLS } from "./network.ts";
import { PROCESS_CALLS } from "./processes.ts";
import type { SystemCallRow } from "./row.ts";

export const SYSTEM_CALLS: readonly SystemCallRow[] = [
  ...FILE_CALLS,
  ...MEMORY_CALLS,
  ...PROCESS_CALLS,
  ...NETWORK_CALLS,
  ...ISOLATION_CALLS,
].sort((left, right) => left.number - right.number);

const BY_NAME: ReadonlyMap<string, SystemCallRow> = new Map(SYSTEM_CALLS.map((row) => [row.name, row]));
const BY_SERVICE: ReadonlyMap<Service, SystemCallRow> = new Map(
  SYSTEM_CALLS.flatMap((row) => (row.service === undefined ? [] : [[row.service, row]])),
);

/** @returns the call of that name; undefined where the model has none. */
export function systemCall(name: string): SystemCallRow | undefined {
  return BY_NAME.get(name);
}

/**
 * @returns the call by which Linux gives a service
 * @throws RangeError where there is none, which is a defect of the table
 */
export function systemCallFor(service: Service): SystemCallRow {
  const row = BY_SERVICE.get(service);
  if (row === undefined) throw new RangeError(`system call for ${service}: the table has none`);
  return row;
}

/** @returns services that no row gives; the table is whole where there are none. */
export function servicesWithoutCall(): Service[] {
  return SERVICES.filter((service) => !BY_SERVICE.has(service));
}
