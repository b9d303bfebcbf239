/**
 * The doctor: what this machine can do for Ringside, part by part, and the line that closes each gap. What can be tried
 * is tried, since a file that exists says little about what the kernel will allow.
 */
import { askCgroups } from "./cgroups.ts";
import { type Check, gap, type Question } from "./check.ts";
import { askNamespaces } from "./namespaces.ts";
import { askOverlay } from "./overlay.ts";
import { askPeers } from "./peers.ts";
import { type ProbeLab, withProbeLab } from "./probe-lab.ts";
import { askSeccomp } from "./seccomp.ts";
import { askChromium, askCompiler, askImage, askNative, askNode } from "./tools.ts";
import { askUserNamespaces } from "./user-namespaces.ts";
import { askDisks, askGuestKernel, askMonitors, askQemu } from "./virtual-machines.ts";

export interface DoctorReport {
  readonly schema: "ringside.doctor/1";
  readonly checks: readonly Check[];
}

/** The questions in the order of the report. The key names a question that could not even be asked. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  node: askNode,
  "native part": askNative,
  namespaces: askNamespaces,
  "user namespaces": askUserNamespaces,
  "control groups": askCgroups,
  overlay: askOverlay,
  seccomp: askSeccomp,
  image: askImage,
  qemu: askQemu,
  "guest kernel": askGuestKernel,
  "vm monitors": askMonitors,
  "vm disks": askDisks,
  compiler: askCompiler,
  chromium: askChromium,
  peers: askPeers,
};

/**
 * Asks every question, all at once, and reports in a fixed order.
 *
 * @param questions the questions to ask; all of them unless said otherwise
 */
export function runDoctor(questions: Readonly<Record<string, Question>> = QUESTIONS): Promise<DoctorReport> {
  return withProbeLab(async (lab) => {
    const answers = await Promise.all(Object.entries(questions).map(([name, question]) => answer(name, question, lab)));
    return { schema: "ringside.doctor/1", checks: answers.flat() };
  });
}

/** A question that throws is a finding too: the rest of the report is still wanted. */
async function answer(name: string, question: Question, lab: ProbeLab): Promise<readonly Check[]> {
  try {
    return await question(lab);
  } catch (error) {
    return [
      gap(name, "limited", `could not be looked at: ${error instanceof Error ? error.message : String(error)}`, null),
    ];
  }
}
