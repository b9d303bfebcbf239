/** One command at a time changes a container. `state` and the like take no lock, and so need nothing of the native part. */
import { join } from "node:path";
import { errorCode } from "../../../native/error-code.ts";
import { lockFile } from "../../../native/kernel.ts";
import { doesNotExist } from "./store.ts";

/**
 * Holds off every other command that changes this container, for as long as the result is not disposed of or this
 * process lives (flock(2)).
 * @throws RingsideError when the container has gone meanwhile
 */
export function lockContainer(id: string, directory: string): Disposable {
  try {
    return lockFile(join(directory, "lock"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw doesNotExist(id);
    throw error;
  }
}
