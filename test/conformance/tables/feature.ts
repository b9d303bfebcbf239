/** What the table of features says of each, and a test that holds several. */

/** A test: its file below test/, and its title as it stands there. */
export type TestName = readonly [file: string, title: string];

/** How a feature stands in a mode in which its tests do not run. */
export type Standing =
  /** Nothing in it depends on the mode. */
  | "same"
  /** Its logic is tested on made-up files of that kind. */
  | "made-up"
  /** Nobody has tried. */
  | "untried"
  /** It cannot be had there: an error that says what to do. */
  | "refused"
  /** The kernel has no such thing there. */
  | "none";

export interface FeatureRow {
  readonly feature: string;
  readonly tests: readonly TestName[];
  /** It works on control groups, so that their version matters. */
  readonly onGroups?: boolean;
  readonly v1?: Standing;
  readonly v2?: Standing;
  /** As an ordinary user; with the test that runs so, or that sees how it is refused. */
  readonly rootless?: Standing | { readonly run: TestName } | { readonly refused: TestName };
}

export interface Chapter {
  readonly title: string;
  readonly rows: readonly FeatureRow[];
}

export const USER: TestName = [
  "mounts/users.test.ts",
  "has its root, its mounts and the host's devices, and is root in there",
];
