/** The name of a failed system call's errno(3): Node and the addon both keep it in an error's `code`. */

/**
 * @param error anything that was thrown
 * @returns `ENOENT` and so on; undefined for what is no system error
 */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
