/** A caller whose terminal goes: the window closed, the connection lost. The container was the caller's, and goes too. */
import { spawn } from "node:child_process";
import { onTestFinished, test } from "vitest";
import { listContainers } from "../../runtime/container/state.ts";
import { sweep } from "../../runtime/container/sweep.ts";
import { ownRoot, until } from "../support/detached.ts";
import { CONTAINERS, describeWhere, needsPrograms } from "../support/needs.ts";
import { COMMAND_LINE } from "../support/ringside.ts";

describeWhere([...CONTAINERS, needsPrograms("script")], "a terminal that goes", () => {
  test.each(["sh", "sleep 1000"])("takes a container in the foreground along, which runs %s", async (program) => {
    ownRoot();
    const command = `${process.execPath} ${COMMAND_LINE} run -it --rm ringside/base ${program}`;
    const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "ignore", "inherit"] });
    onTestFinished(() => void terminal.kill("SIGKILL"));
    await until(() => listContainers().some(({ status }) => status === "running"));
    terminal.kill("SIGKILL");
    await until(async () => {
      // A command that was ended before it took its terminal has left its record, as any that is killed.
      await sweep();
      return listContainers().length === 0;
    });
  });
});
