/** One who looks at the console of a detached virtual machine while it runs, and may type. */
import { readFileSync } from "node:fs";
import { parseStatus } from "../../native/wait-status.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { openViewerAt, type Viewer } from "../container/viewer.ts";
import { RingsideError } from "../error.ts";
import { resizeGuestConsole } from "./agent.ts";
import { vmLogDirectory } from "./monitored.ts";
import { exitFile, parseVmExit } from "./record.ts";
import { escapeInput } from "./run-file.ts";
import { type VmState, vmIs } from "./state.ts";

/** @throws RingsideError when nobody keeps its output */
export function requireVmLog({ id, name, owner }: VmState): string {
  if (owner.kind === "monitor") return vmLogDirectory(id);
  throw new RingsideError(`there is no log of ${name}: its output goes to whoever started it`, {
    fix: "start it with ringside vm run -d, then its output is kept; ringside vm exec -it runs a shell beside it",
  });
}

/** @throws RingsideError when it does not run, or is nobody's to look at */
export async function openConsoleViewer(machine: VmState): Promise<Viewer> {
  const { name, directory, life, terminal, nonce } = machine;
  const viewer = await openViewerAt({ log: requireVmLog(machine), state: directory.path }, async (waitStatus) => {
    const exit = parseVmExit(readFileSync(exitFile(directory), "utf8"), directory, nonce);
    return exitCodeOf(exit?.status ?? parseStatus(waitStatus ?? 0));
  });
  if (viewer === undefined) {
    throw new RingsideError(`cannot attach to ${name}: ${vmIs(life)}`, {
      fix: `ringside vm logs ${name} shows what it has printed`,
    });
  }
  return {
    ...viewer,
    // A line has no end of its own: see run-file.ts.
    write: (data) => viewer.write(terminal ? data : escapeInput(data)),
    // The monitor has a pipe, which has no size: the guest is told.
    resize(size) {
      resizeGuestConsole(directory, size).catch(() => undefined);
    },
  };
}
