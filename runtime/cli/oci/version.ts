/**
 * `ringside oci --version`: exactly the three lines that containerd's client library reads (NAME version V, commit: C,
 * spec: S).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutDirectory } from "../../image/checkout.ts";
import { OCI_VERSION } from "../../oci/config.ts";

/** As package.json has it. */
export const VERSION = "0.1.0";

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** What a reference points to: a file of its own, or a line of packed-refs (gitrepository-layout(5)). */
function resolveReference(git: string, reference: string): string | undefined {
  const packed = textOf(join(git, "packed-refs"))
    ?.split("\n")
    .find((line) => line.endsWith(` ${reference}`));
  return textOf(join(git, reference)) ?? packed?.split(" ")[0];
}

/** The commit of the checkout; the version where there is no git directory. */
function commit(root: string | undefined): string {
  const git = join(root ?? "", ".git");
  const head = root === undefined ? undefined : textOf(join(git, "HEAD"));
  const reference = head?.startsWith("ref: ") === true ? head.slice("ref: ".length) : undefined;
  return (reference === undefined ? head : resolveReference(git, reference)) ?? `v${VERSION}`;
}

/** @returns the three lines */
export function versionText(): string {
  return `ringside version ${VERSION}\ncommit: ${commit(checkoutDirectory())}\nspec: ${OCI_VERSION}\n`;
}
