/**
 * The address bar as a signal. Links of the app are plain `<a href>`; a click on one changes the page without loading it
 * anew (History API).
 */

import { type ReadonlySignal, signal } from "@preact/signals-core";
import { type Route, routeOf } from "./routes.ts";

const current = signal<Route>(routeOf(location.pathname));

/** Where we are. */
export const route: ReadonlySignal<Route> = current;

/**
 * Goes to an address of the app.
 */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  arrive();
  window.scrollTo(0, 0);
}

/**
 * Starts listening to the back button and to clicks on links.
 */
export function startRouter(): void {
  window.addEventListener("popstate", arrive);
  document.addEventListener("click", follow);
}

function arrive(): void {
  current.value = routeOf(location.pathname);
}

function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname === location.pathname && link.hash !== "") return;
  if (link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  navigate(link.pathname + link.search + link.hash);
}
