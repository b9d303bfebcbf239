/** Which QEMU emulates another processor, and where it comes from. */
import { RingsideError } from "../../error.ts";
import { findProgram } from "../../host-program.ts";
import type { ForeignArchitecture } from "../../image/foreign.ts";
import { type Qemu, qemuAt } from "../host.ts";

const QEMU_OF: Readonly<Record<ForeignArchitecture, { readonly program: string; readonly fix: string }>> = {
  s390x: { program: "qemu-system-s390x", fix: "apt-get install --no-install-recommends qemu-system-misc" },
};

/** @throws RingsideError where there is no QEMU for it */
export function requireForeignQemu(architecture: ForeignArchitecture): Qemu {
  const { program, fix } = QEMU_OF[architecture];
  const path = findProgram(program);
  if (path !== undefined) return qemuAt(path, fix);
  throw new RingsideError(`virtual machines of ${architecture} need ${program}, which is not in $PATH`, { fix });
}
