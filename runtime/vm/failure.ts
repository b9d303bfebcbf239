/** Why a virtual machine did not do what it was asked to, in words, with what to do. */
import { RingsideError } from "../error.ts";

/** What is known when the monitor has gone. */
export interface Ending {
  /** The monitor's name, as people read it. */
  readonly vmm: string;
  readonly program: string;
  readonly memoryBytes: number;
  /** The guest said that the program, or itself, could not start. */
  readonly failed: { readonly code: number; readonly reason: string } | undefined;
  readonly timedOutAfterMs: number | undefined;
  /** The program had been started. */
  readonly booted: boolean;
  /** The monitor's own words. */
  readonly messages: readonly string[];
  readonly monitorExit: string;
  readonly consoleTail: string;
}

const MIB = 1024 ** 2;

const PROGRAM_FAILURES: Readonly<Record<number, { readonly why: string; readonly fix: string }>> = {
  127: { why: "not found", fix: "check the spelling, or give the program's whole path" },
  126: {
    why: "not executable",
    fix: "give a program of this processor, or a script whose interpreter is in the image; chmod +x it",
  },
};

const PANIC = /Kernel panic - not syncing: (.*)/;

/** @returns the error to show */
export function explainEnding(ending: Ending): RingsideError {
  const { program, failed, timedOutAfterMs } = ending;
  if (failed !== undefined) {
    const known = PROGRAM_FAILURES[failed.code];
    if (known === undefined) return new RingsideError(`the guest could not be set up: ${failed.reason}`);
    return new RingsideError(`cannot run ${JSON.stringify(program)} in the guest: ${known.why} (${failed.reason})`, {
      fix: known.fix,
      exitCode: failed.code,
    });
  }
  if (timedOutAfterMs !== undefined) {
    return new RingsideError(
      `the guest did not start ${JSON.stringify(program)} within ${timedOutAfterMs / 1000} s, and was ended${lastWords(ending)}`,
      { fix: "give it longer with --timeout SECONDS, or more memory with --memory" },
    );
  }
  return endedEarly(ending);
}

function endedEarly(ending: Ending): RingsideError {
  const { booted, messages, memoryBytes, monitorExit } = ending;
  const panic = PANIC.exec(ending.consoleTail)?.[1]?.trim();
  const memory = `${Math.floor(memoryBytes / MIB)} MiB`;
  if (panic !== undefined) {
    const isMemory = /memory|unable to mount root|No working init/i.test(panic);
    return new RingsideError(`the guest's kernel panicked: ${panic}`, {
      fix: isMemory
        ? `give it more memory than ${memory}, such as --memory 256M`
        : "run it again; ringside doctor shows the guest's kernel",
    });
  }
  if (messages.length > 0) {
    return new RingsideError(`${ending.vmm} ended (${monitorExit}): ${messages.slice(-3).join("; ")}`, {
      fix: fixOf(messages),
    });
  }
  const when = booted ? "while its program ran" : "before its program ran";
  return new RingsideError(
    `the virtual machine ended ${when}, without a word (${ending.vmm}: ${monitorExit})${lastWords(ending)}`,
    {
      fix: `give it more memory than ${memory}, such as --memory 256M`,
    },
  );
}

function fixOf(messages: readonly string[]): string {
  const text = messages.join("\n");
  if (/Could not set up host forwarding/i.test(text)) {
    return "give --publish a port of the host that nothing listens on, and from 1024 on unless you are root";
  }
  if (/cannot set up guest memory|Cannot allocate memory/i.test(text)) return "give it less memory with --memory";
  if (/kvm/i.test(text)) return "ringside doctor shows whether kvm works here; --accelerator tcg goes without it";
  return "ringside doctor shows what is there for virtual machines";
}

function lastWords({ consoleTail }: Ending): string {
  const last = consoleTail.trim().split("\n").at(-1)?.trim();
  return last === undefined || last === "" ? "; it printed nothing" : `; its last words: ${JSON.stringify(last)}`;
}
