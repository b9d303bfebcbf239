/** What a post-mortem finds: one cause, in one sentence, with the path that it is about and what to do. */

/** Causes of an end or of a failed start. */
export type FindingKind =
  | "signal"
  | "out-of-memory"
  | "filter"
  | "processes-limit"
  | "no-command"
  | "not-found"
  | "through-file"
  | "link-loop"
  | "directory"
  | "not-a-program"
  | "not-executable"
  | "no-execute-mount"
  | "interpreter-missing"
  | "carriage-return"
  | "loader-missing"
  | "library-missing"
  | "wrong-machine"
  | "damaged-program"
  | "no-interpreter-line"
  | "empty-file"
  | "exit-code"
  | "unknown";

export interface Finding {
  readonly kind: FindingKind;
  /** One sentence without a full stop; begins in lower case. */
  readonly sentence: string;
  /** What it is about, as the inside names it. */
  readonly path?: string;
  /** One line to type, or one thing to change. */
  readonly fix?: string;
}
