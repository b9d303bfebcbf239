/** Which address shows which page. */

import { describe, expect, it } from "vitest";
import { routeOf } from "../../web/client/app/routes.ts";

describe("the address", () => {
  it.each([
    ["/", { page: "race" }],
    ["/lab", { page: "lab", machine: undefined }],
    ["/lab/", { page: "lab", machine: undefined }],
    ["/lab/c-12", { page: "lab", machine: "c-12" }],
    ["/doctor", { page: "doctor" }],
    ["/simulate", { page: "simulations" }],
    ["/simulate/hundred-sites", { page: "simulation", scenario: "hundred-sites" }],
    ["/lessons", { page: "lessons" }],
    ["/lessons/namespaces", { page: "lesson", slug: "namespaces" }],
    ["/lessons/namespaces/walk", { page: "walk", slug: "namespaces" }],
    ["/nothing/here", { page: "missing", path: "/nothing/here" }],
  ])("%s leads to the right page", (path, route) => {
    expect(routeOf(path)).toEqual(route);
  });

  it("survives an escape that is none", () => {
    expect(routeOf("/lab/%E0%A4%A")).toEqual({ page: "lab", machine: "%E0%A4%A" });
  });
});
