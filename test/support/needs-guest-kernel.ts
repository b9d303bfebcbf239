/** What a test that boots a virtual machine needs; apart from the other needs, since it loads more of the runtime. */
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import type { Need } from "./needs.ts";

/** The kernel that the set-up has put into the cache, or one of the host's. */
export const needsGuestKernel: Need = () => {
  try {
    guestKernel();
    return undefined;
  } catch (error) {
    return String(error);
  }
};
