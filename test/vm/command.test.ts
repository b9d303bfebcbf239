/** What `ringside vm run` refuses before anything boots. */
import { expect, test } from "vitest";
import { ringside } from "../support/ringside.ts";

test("a working directory from nowhere is refused, as for a container", async () => {
  const { code, stdout, stderr } = await ringside(["vm", "run", "-w", "tmp", "ringside/base", "true"]);
  expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
  expect(stderr).toMatch(/--workdir "tmp" is not an absolute path\n {2}fix: /);
});
