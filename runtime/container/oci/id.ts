/** A container's id: it becomes the name of a directory and of control groups, so that nothing else may be in it. */
import { RingsideError } from "../../error.ts";

/** crun's rule. The first character keeps `.` and `..` out; `/` can be nowhere. */
const ID = /^[a-zA-Z0-9_+-][a-zA-Z0-9_+.-]*$/;
/** NAME_MAX, limits.h. */
const MOST_CHARACTERS = 255;

/** @throws RingsideError when `id` cannot be a container's id */
export function checkId(id: string): void {
  if (ID.test(id) && id.length <= MOST_CHARACTERS) return;
  throw new RingsideError(
    id.length > MOST_CHARACTERS
      ? `invalid container id: longer than ${MOST_CHARACTERS} characters`
      : `invalid container id ${JSON.stringify(id)}: not of letters, digits, _ + - and, but not in front, dots`,
  );
}
