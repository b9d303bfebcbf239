/** Namespaces that a container shares, as people type it: `host`, `private`, `container:NAME`. docker-run(1), namespaces(7). */
import { RingsideError } from "../error.ts";
import type { NamespaceType, OciNamespace } from "../oci/config.ts";
import { requireLiving } from "./stop.ts";

/** What a choice comes to. */
export type NamespaceChoice =
  | { readonly kind: "private" }
  | { readonly kind: "host" }
  | { readonly kind: "joined"; readonly namespace: OciNamespace };

const FILES: Readonly<Partial<Record<NamespaceType, string>>> = { pid: "pid", network: "net" };
const CONTAINER = "container:";

/**
 * @param option for the error: `--pid`
 * @throws RingsideError for anything else, and for a container that does not run
 */
export function parseNamespaceChoice(option: string, type: NamespaceType, text: string): NamespaceChoice {
  if (text === "host" || text === "private") return { kind: text };
  const file = FILES[type];
  if (file !== undefined && text.startsWith(CONTAINER)) {
    const { pid } = requireLiving(text.slice(CONTAINER.length), "join");
    return { kind: "joined", namespace: { type, path: `/proc/${pid}/ns/${file}` } };
  }
  const others = file === undefined ? "" : `, ${option} container:NAME`;
  throw new RingsideError(`${option} ${JSON.stringify(text)} is not a choice`, {
    fix: `use ${option} private, ${option} host${others}`,
  });
}
