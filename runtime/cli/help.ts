/**
 * What every command's help and every usage error have in common: examples, no empty defaults, and what to type next. The
 * exit code is Docker's for a failure of the command line's own.
 */
import { type Argument, type Command, Help, type Option } from "commander";
import { EXIT_CODES } from "../error.ts";

/** By a command's whole name; those that have more to say bring their own. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  doctor: ["ringside doctor", "ringside doctor --json"],
  serve: ["ringside serve", "ringside serve --port 8080"],
  explain: ["ringside explain ringside/base sh", "ringside explain --memory 64m --read-only --json ringside/base sh"],
  exec: [
    "ringside exec clock ps",
    "ringside exec -it clock sh",
    "ringside exec -u nobody -w /tmp clock id",
    "ringside exec -d --env-file settings clock sh -c 'date >> /since'",
  ],
  logs: ["ringside logs clock", "ringside logs -f --tail 3 clock", "ringside logs -t --since 10m clock"],
  attach: ["ringside attach clock", "ringside attach --no-stdin clock", "ringside attach --detach-keys ctrl-x clock"],
  wait: ["ringside wait clock"],
  pause: ["ringside pause clock"],
  unpause: ["ringside unpause clock"],
  update: ["ringside update --memory 64m clock", "ringside update --cpus 0.5 --pids-limit 20 clock"],
  stats: ["ringside stats", "ringside stats --no-stream clock", "ringside stats --no-stream --json"],
  top: ["ringside top clock", "ringside top clock -o pid,comm"],
  events: ["ringside events", "ringside events --since 10m --until 0s --filter event=die"],
  ps: ["ringside ps", "ringside ps -a --filter name=clock", "ringside ps -aq --filter status=exited"],
  stop: ["ringside stop clock", "ringside stop -t 1 clock web"],
  kill: ["ringside kill clock", "ringside kill -s HUP clock"],
  rm: ["ringside rm clock", "ringside rm -f clock web"],
  inspect: ["ringside inspect clock"],
  "vm ps": ["ringside vm ps", "ringside vm ps -a --no-trunc", "ringside vm ps --json"],
  "vm attach": ["ringside vm attach clock", "ringside vm attach --no-stdin clock"],
  "vm logs": ["ringside vm logs clock", "ringside vm logs -f --tail 3 clock"],
  "vm stop": ["ringside vm stop clock", "ringside vm stop -t 1 clock web"],
  "vm kill": ["ringside vm kill clock", "ringside vm kill -s HUP clock"],
  "vm rm": ["ringside vm rm clock", "ringside vm rm -f clock web"],
  "vm wait": ["ringside vm wait clock"],
  "vm pause": ["ringside vm pause clock"],
  "vm resume": ["ringside vm resume clock"],
  "vm stats": ["ringside vm stats", "ringside vm stats --no-stream clock", "ringside vm stats --no-stream --json"],
  "vm inspect": ["ringside vm inspect clock"],
  "image ls": ["ringside image ls", "ringside image ls --json"],
  "image inspect": ["ringside image inspect ringside/base"],
  "image build": ["ringside image build", "ringside image build --from-host"],
  "bench startup": [
    "ringside bench startup --runs 5 --warmup 1 --systems process,container,crun",
    "ringside bench startup --systems process,container,crun --serve --cold --concurrency 4,16 --json startup.json",
  ],
  bench: ["ringside bench", "ringside bench --time 180 --output results"],
  "bench run": ["ringside bench run protocol.json --html report.html", "ringside bench run protocol.json --json -"],
  "bench verify": ["ringside bench verify report.json", "ringside bench verify 7 --level 0.001"],
  "bench compare": ["ringside bench compare 6 7", "ringside bench compare before.json after.json --json"],
  "bench history": ["ringside bench history", "ringside bench history --json"],
  "bench show": ["ringside bench show 7", "ringside bench show 7 --html report.html"],
  "bench null": ["ringside bench null", "ringside bench null --systems crun --repeats 20"],
  "bench density": ["ringside bench density", "ringside bench density --systems container,crun --instances 8"],
  "bench overhead": ["ringside bench overhead", "ringside bench overhead --systems container,gvisor --runs 5"],
  "bench report": ["ringside bench report report.json", "ringside bench report report.json --html report.html"],
  "bench hyperfine": ["ringside bench hyperfine", "ringside bench hyperfine --turns 6 --json hyperfine.json"],
  "bench simulator": ["ringside bench simulator", "ringside bench simulator --json"],
  "bench truth": ["ringside bench truth", "ringside bench truth --json"],
  calibrate: ["ringside calibrate", "ringside calibrate --only calls --json"],
  "bench runtime": ["ringside bench runtime", "ringside bench runtime --runs 5 --json runtime.json"],
  simulate: [
    "ringside simulate --list",
    "ringside simulate startup-race --seed 7",
    "ringside simulate ./my-scenario.mjs --set reads=10",
  ],
  "lesson ls": ["ringside lesson ls"],
  "lesson test": ["ringside lesson test", "ringside lesson test namespaces"],
};

/** A list that is empty at first is no default that anybody wants to read of, and quotes belong to JSON. */
function optionDescription(this: Help, option: Option): string {
  if (Array.isArray(option.defaultValue) && option.defaultValue.length === 0) return option.description;
  return unquoted(Help.prototype.optionDescription.call(this, option));
}

function argumentDescription(this: Help, argument: Argument): string {
  return unquoted(Help.prototype.argumentDescription.call(this, argument));
}

function unquoted(description: string): string {
  return description.replace(/default: "([^"]*)"\)/, "default: $1)");
}

/** Sets how help and usage errors look; before commands are added, which take it over. */
export function configureHelp(program: Command): Command {
  return program
    .configureHelp({ optionDescription, argumentDescription })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "ringside: ")) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.failure));
}

/** Adds examples, and to usage errors what to type next; when the commands are there. */
export function completeHelp(command: Command, parents: readonly string[] = []): void {
  for (const child of command.commands) {
    const names = [...parents, child.name()];
    const name = names.join(" ");
    const examples = EXAMPLES[name] ?? [];
    if (examples.length > 0)
      child.addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
    child.showHelpAfterError(`  fix: ringside ${name} --help shows its options, with examples`);
    completeHelp(child, names);
  }
}
