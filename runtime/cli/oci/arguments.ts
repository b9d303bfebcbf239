/**
 * The arguments of `ringside oci`, as podman, docker and containerd write them. util.parseArgs reads them; before, they
 * are put into a form that it cannot misread: engines give values that begin with a dash (`--memory -1`), and what
 * follows a container's id in `exec` belongs to the program, options included.
 */
import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

export interface OptionRow {
  /** `flag` has no value; `value` has one; `values` may be given several times. */
  readonly kind: "flag" | "value" | "values";
  readonly short?: string;
  /** What it does, for --help. */
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionRow>>;

/** What was given for the options of a table: absent where nothing was. */
export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name]["kind"] extends "flag"
    ? boolean
    : Table[Name]["kind"] extends "value"
      ? string
      : readonly string[];
};

export interface ParsedArguments<Table extends OptionTable> {
  readonly values: Values<Table>;
  readonly operands: readonly string[];
}

/** Where options end: at the first operand (`exec ID PROGRAM --its-option`), or nowhere. */
export type Order = "in order" | "mixed";

interface Split {
  /** Every option with its value attached. */
  readonly options: readonly string[];
  readonly operands: readonly string[];
}

function rowOf(table: OptionTable, word: string): readonly [name: string, row: OptionRow] | undefined {
  if (word.startsWith("--")) {
    const row = Object.hasOwn(table, word.slice(2)) ? table[word.slice(2)] : undefined;
    return row === undefined ? undefined : [word.slice(2), row];
  }
  return Object.entries(table).find(([, { short }]) => short !== undefined && word === `-${short}`);
}

/** `--opt value` and `-o value` become `--opt=value`. */
function split(args: readonly string[], table: OptionTable, order: Order): Split {
  const options: string[] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      if (order === "mixed") continue;
      operands.push(...args.slice(at + 1));
      break;
    }
    const [name, row] = rowOf(table, word) ?? [];
    if (name === undefined || row === undefined || row.kind === "flag") {
      options.push(word);
      continue;
    }
    const value = args[++at];
    if (value === undefined) throw new UsageError(`the option ${word} needs a value`);
    options.push(`--${name}=${value}`);
  }
  return { options, operands };
}

/** Flags may be given as Go's flag package takes them too: `--debug=true`. */
function withoutTruth(options: readonly string[], table: OptionTable): string[] {
  return options.flatMap((option) => {
    const [, name = "", value = ""] = /^--([^=]+)=(true|false)$/.exec(option) ?? [];
    if (table[name]?.kind !== "flag") return [option];
    return value === "true" ? [`--${name}`] : [];
  });
}

/**
 * Reads the arguments of one command.
 * @throws RingsideError for an option that there is not, or one without its value
 */
export function parseArguments<const Table extends OptionTable>(
  args: readonly string[],
  table: Table,
  order: Order = "mixed",
): ParsedArguments<Table> {
  const { options, operands } = split(args, table, order);
  try {
    const { values } = parseArgs({
      args: withoutTruth(options, table),
      options: Object.fromEntries(
        Object.entries<OptionRow>(table).map(([name, { kind, short }]) => [
          name,
          {
            type: kind === "flag" ? ("boolean" as const) : ("string" as const),
            multiple: kind === "values",
            ...(short !== undefined && { short }),
          },
        ]),
      ),
    });
    // parseArgs was given this very table, so its values have these kinds.
    return { values: { ...values } as Values<Table>, operands };
  } catch (cause) {
    const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split(". ");
    throw new UsageError(line.toLowerCase().startsWith("unknown") ? `u${line.slice(1)}` : line, { cause });
  }
}

/**
 * Takes the options that stand before the command's name.
 * @returns them, and the rest: the name and all that follows
 */
export function parseLeading<const Table extends OptionTable>(
  args: readonly string[],
  table: Table,
): ParsedArguments<Table> {
  return parseArguments(args, table, "in order");
}

/**
 * The one operand of most commands: a container's id.
 * @throws RingsideError when there is none, or more
 */
export function onlyId(operands: readonly string[], command: string): string {
  const [id, ...rest] = operands;
  if (id === undefined || id === "") throw new UsageError(`${command} needs a container's id`);
  if (rest.length > 0) throw new UsageError(`${command} takes one container's id, and got more: ${rest.join(" ")}`);
  return id;
}
