/**
 * What happens first when several events fall on the same instant. Every priority is named here with its reason; a
 * smaller number runs earlier, and events of equal time and priority run in the order in which they were scheduled.
 */
export const PRIORITIES = {
  /** Work that ends frees what work that starts at the same instant may need, so endings come first. */
  complete: 0,
  /** A timer that runs out at the instant at which the awaited thing happened has not fired too early: it is late. */
  expire: 10,
  /** New work starts only when everything that ends now has ended. */
  begin: 20,
  /** A sample shows the state after the instant, not the middle of it. */
  observe: 30,
} as const;

export type Priority = (typeof PRIORITIES)[keyof typeof PRIORITIES];
