/** The names of the machine that a UTS namespace shows. uts_namespaces(7). */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciConfig } from "../oci/config.ts";
import { isApart } from "./namespaces.ts";

/** @throws RingsideError when the name would become the host's */
export function hostnameSteps({ hostname, domainname, linux = {} }: OciConfig): PlanStep[] {
  const words = { phase: "child", stage: "identity" } as const;
  const steps: PlanStep[] = [];
  if (hostname !== undefined && hostname !== "") {
    const why = "Its own hostname, in its own UTS namespace.";
    steps.push({ ...words, why, op: "setHostname", name: hostname });
  }
  if (domainname !== undefined && domainname !== "") {
    const why = "The name of the domain that it belongs to (NIS), in its own UTS namespace.";
    steps.push({ ...words, why, op: "setDomainname", name: domainname });
  }
  if (steps.length > 0 && !isApart(linux.namespaces, "uts")) {
    throw new RingsideError("cannot set hostname or domainname: the container has the host's UTS namespace", {
      fix: 'add { "type": "uts" } to linux.namespaces, or leave the names out',
    });
  }
  return steps;
}
