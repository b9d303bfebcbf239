/**
 * The one error that Ringside shows to people: what was being done, on what, why it failed, and what to do about it.
 */

/** Exit codes are Docker's, so that scripts written for it keep their meaning (docker-run(1), EXIT STATUS). */
export const EXIT_CODES = { failure: 125, notExecutable: 126, notFound: 127 } as const;

export interface RingsideErrorOptions {
  readonly cause?: unknown;
  /** One line to type, or one thing to change. */
  readonly fix?: string;
  readonly exitCode?: number;
}

/** A failure that has been understood: `message` says what and why, `fix` says what to do. */
export class RingsideError extends Error {
  readonly exitCode: number;
  readonly fix: string | undefined;

  /**
   * @param what what was being done, on what, and why it failed; lower case, no full stop
   * @param options the cause, the fix, and the exit code (125 unless said otherwise)
   */
  constructor(what: string, options: RingsideErrorOptions = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RingsideError";
    this.exitCode = options.exitCode ?? EXIT_CODES.failure;
    this.fix = options.fix;
  }
}

/**
 * What an exception says, in the middle of a sentence.
 * @param cause anything that was thrown; of a failed system call only the words for its errno(3) are left
 */
export function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /^E[A-Z0-9]+: ([^,]+), /.exec(message)?.[1] ?? message;
}
