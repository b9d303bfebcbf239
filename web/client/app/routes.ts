/**
 * Which address shows which page. Pure: the browser's part is app/router.ts.
 */

export type Route =
  | { readonly page: "race" }
  | { readonly page: "lab"; readonly machine: string | undefined }
  | { readonly page: "benchmark" }
  | { readonly page: "benchmark-report"; readonly report: string }
  | { readonly page: "doctor" }
  | { readonly page: "simulations" }
  | { readonly page: "simulation"; readonly scenario: string }
  | { readonly page: "lessons" }
  | { readonly page: "lesson"; readonly slug: string }
  | { readonly page: "walk"; readonly slug: string }
  | { readonly page: "missing"; readonly path: string };

/** One row a page: the address, and what its parts mean. */
const ROUTES: readonly { readonly pattern: RegExp; readonly route: (parts: readonly string[]) => Route }[] = [
  { pattern: /^\/$/, route: () => ({ page: "race" }) },
  { pattern: /^\/lab$/, route: () => ({ page: "lab", machine: undefined }) },
  { pattern: /^\/lab\/([^/]+)$/, route: ([machine]) => ({ page: "lab", machine }) },
  { pattern: /^\/benchmark$/, route: () => ({ page: "benchmark" }) },
  { pattern: /^\/benchmark\/([^/]+)$/, route: ([report = ""]) => ({ page: "benchmark-report", report }) },
  { pattern: /^\/doctor$/, route: () => ({ page: "doctor" }) },
  { pattern: /^\/simulate$/, route: () => ({ page: "simulations" }) },
  { pattern: /^\/simulate\/([^/]+)$/, route: ([scenario = ""]) => ({ page: "simulation", scenario }) },
  { pattern: /^\/lessons$/, route: () => ({ page: "lessons" }) },
  { pattern: /^\/lessons\/([^/]+)$/, route: ([slug = ""]) => ({ page: "lesson", slug }) },
  { pattern: /^\/lessons\/([^/]+)\/walk$/, route: ([slug = ""]) => ({ page: "walk", slug }) },
];

/**
 * The route of a path; a slash at its end does not matter.
 */
export function routeOf(path: string): Route {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, "") : path;
  for (const { pattern, route } of ROUTES) {
    const match = pattern.exec(trimmed === "" ? "/" : trimmed);
    if (match !== null) return route(match.slice(1).map(decodePart));
  }
  return { page: "missing", path };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
