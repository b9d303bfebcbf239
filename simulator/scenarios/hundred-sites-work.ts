/**
 * A hundred sites on the processors of one machine: they are started so many at a time, then each answers requests, and
 * one of them computes without end beside. Who gets a processor is decided by the host's scheduler (linux/scheduler);
 * what differs between the worlds is what a site is to it: threads, a control group, or one virtual processor.
 */

import type { Random } from "../engine/random.ts";
import { Simulation } from "../engine/simulation.ts";
import type { CpuGroup } from "../linux/scheduler/cpu-group.ts";
import { EevdfPolicy } from "../linux/scheduler/eevdf.ts";
import type { Activity, Mark } from "../machine/activity.ts";
import { CpuSet } from "../machine/cpu-set.ts";
import { Thread } from "../machine/thread.ts";
import { trackObserver } from "../machine/track-observer.ts";
import type { TraceRecorder } from "../trace/recorder.ts";
import type { Mode } from "../trace/timeline.ts";
import type { BootStage } from "../virtualization/parallel-boots.ts";

export const ALL_THERE = "all sites are there";
const REQUESTS = 5;
/** Between two requests of a site, in answers: it is idle most of the time. */
const IDLE_ANSWERS = { low: 25, high: 125 };

export interface SitesWork {
  readonly sites: number;
  readonly cpus: number;
  readonly parallel: number;
  readonly launchNs: number;
  readonly stages: readonly BootStage[];
  readonly startMode: Mode;
  readonly answerNs: number;
  readonly noisyThreads: number;
  /** Whether the host's scheduler knows which threads are of one site, and shares among sites. */
  readonly grouped: boolean;
  readonly random: Random;
  readonly recorder: TraceRecorder;
  /** The track of a processor. */
  readonly trackOf: (cpu: number) => string;
}

export interface SitesWorkDone {
  /** When the last one was there. */
  readonly startedNs: number;
  /** From a request to its answer, of the sites that are not the noisy one, shortest first. */
  readonly answersNs: readonly number[];
}

interface Site {
  readonly name: string;
  readonly number: number;
}

/** Starts the sites, lets them work and waits for the last answer. */
export class SitesMachine {
  readonly #work: SitesWork;
  readonly #simulation = new Simulation();
  readonly #policy: EevdfPolicy;
  readonly #cpus: CpuSet;
  readonly #waiting: Thread[] = [];
  readonly #answers: number[] = [];
  readonly #launcher: Thread;
  #there = 0;
  #launched = 0;
  #startedNs = 0;
  #busy: number;

  constructor(work: SitesWork) {
    this.#work = work;
    const { cpus, recorder, trackOf } = work;
    this.#busy = work.sites;
    this.#policy = new EevdfPolicy({ simulation: this.#simulation, cpus });
    const observer = trackObserver(recorder, (_, cpu) => trackOf(cpu));
    this.#cpus = new CpuSet({ simulation: this.#simulation, cpus, policy: this.#policy, observer });
    this.#policy.connect(this.#cpus);
    this.#launcher = new Thread("launcher", this.#launch());
  }

  /** @throws Error where it does not come to an end, which is a defect */
  run(): SitesWorkDone {
    this.#cpus.start(this.#launcher);
    const report = this.#simulation.run();
    if (report.ended !== "finished") throw new Error(`a hundred sites: not at their end after ${report.events} events`);
    return { startedNs: this.#startedNs, answersNs: this.#answers.sort((left, right) => left - right) };
  }

  *#launch(): Generator<Activity> {
    const { sites, parallel, launchNs, noisyThreads, grouped } = this.#work;
    for (let number = 1; number <= sites; number++) {
      while (this.#launched - this.#there >= parallel) yield { kind: "block", reason: "one of them to be there" };
      yield { kind: "burst", mode: "user", name: "start the next site", stage: "launch", duration: launchNs };
      const site: Site = { name: `site ${number}`, number };
      const group = grouped ? this.#policy.group(`/${site.name}`) : this.#policy.root;
      const thread = new Thread(
        site.name,
        this.#life(site, () => thread),
      );
      this.#policy.admit(thread, { group });
      this.#launched++;
      this.#cpus.start(thread);
      if (number === 1) this.#startNoise(noisyThreads, group);
    }
  }

  #startNoise(threads: number, group: CpuGroup): void {
    for (let number = 1; number <= threads; number++) {
      const noise: Thread = new Thread(
        `noise ${number}`,
        this.#noise(() => noise),
      );
      this.#policy.admit(noise, { group });
      this.#cpus.start(noise);
    }
  }

  *#life(site: Site, self: () => Thread): Generator<Activity> {
    const { stages, startMode } = this.#work;
    for (const { name, ns, computes } of stages) {
      if (computes) yield { kind: "burst", mode: startMode, name: `${site.name}: ${name}`, stage: name, duration: ns };
      else yield { kind: "pause", duration: ns };
    }
    this.#there++;
    this.#cpus.wake(this.#launcher);
    if (this.#there < this.#work.sites) yield this.#untilAllThere(self);
    else yield this.#allThere();
    yield* this.#answerRequests(site);
    this.#busy--;
  }

  *#answerRequests(site: Site): Generator<Activity> {
    const { answerNs, random, noisyThreads } = this.#work;
    const chance = random.stream(site.name);
    for (let request = 0; request < REQUESTS; request++) {
      const idle = chance.integer(IDLE_ANSWERS.low * answerNs, IDLE_ANSWERS.high * answerNs);
      const arrives = this.#simulation.now + idle;
      yield { kind: "pause", duration: idle };
      yield { kind: "burst", mode: "user", name: `${site.name} answers`, stage: "answers", duration: answerNs };
      if (noisyThreads === 0 || site.number > 1) this.#answers.push(this.#simulation.now - arrives);
    }
  }

  /** Computes until nobody has anything to answer any more. */
  *#noise(self: () => Thread): Generator<Activity> {
    yield this.#untilAllThere(self);
    while (this.#busy > 0) {
      yield { kind: "burst", mode: "user", name: "site 1 computes", stage: "noise", duration: this.#work.answerNs };
    }
  }

  #untilAllThere(self: () => Thread): Activity {
    const enter = (): boolean => {
      if (this.#there === this.#work.sites) return true;
      this.#waiting.push(self());
      return false;
    };
    return { kind: "block", reason: "all sites to be there", enter };
  }

  #allThere(): Mark {
    this.#startedNs = this.#simulation.now;
    for (const thread of this.#waiting.splice(0)) this.#cpus.wake(thread);
    return { kind: "mark", name: ALL_THERE };
  }
}
