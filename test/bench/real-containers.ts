/** Whether this machine can start real containers; a test that needs them says in its name why it cannot run. */

import { kernelProblem } from "../../native/kernel.ts";
import { BASE_IMAGE, findImage } from "../../runtime/image/image.ts";

function problem(): string | undefined {
  const kernel = kernelProblem();
  if (kernel !== undefined) return kernel.reason;
  if (process.getuid?.() !== 0) return "needs root";
  return findImage(BASE_IMAGE) === undefined ? `the image ${BASE_IMAGE} has not been made` : undefined;
}

const reason = problem();

export const realContainers = {
  missing: reason !== undefined,
  title: (name: string): string => (reason === undefined ? name : `${name} [skipped: ${reason}]`),
};
