/**
 * What is known of queues: Kleinrock, "Queueing Systems", vol. 1 (1975), §3.5 and §5.6, vol. 2 (1976), §4.4. Nothing in a
 * simulation is decided by these figures: they are what it is compared with.
 */

/** Poisson arrivals: customers a unit of time, and how long one keeps one server busy. */
export interface Load {
  readonly arrivalRate: number;
  readonly meanService: number;
}

/** M/M/c: the mean time in the queue, before service begins (Erlang's C formula). */
export function meanWaitMMc({ arrivalRate, meanService }: Load, servers: number): number {
  const offered = arrivalRate * meanService;
  // Erlang's B by its recurrence, and C from it.
  let blocked = 1;
  for (let server = 1; server <= servers; server++) blocked = (offered * blocked) / (server + offered * blocked);
  const waits = blocked / (1 - (offered / servers) * (1 - blocked));
  return (waits * meanService) / (servers - offered);
}

/** M/G/1, first come, first served: the mean time in the queue (Pollaczek and Khinchine). */
export function meanWaitMG1({ arrivalRate, meanService }: Load, variability: number): number {
  const utilisation = arrivalRate * meanService;
  return (utilisation * meanService * (1 + variability)) / (2 * (1 - utilisation));
}

/** M/G/1, processor sharing: the mean time from arrival to end, whatever the distribution of services. */
export function meanTimeSharing({ arrivalRate, meanService }: Load): number {
  return meanService / (1 - arrivalRate * meanService);
}
