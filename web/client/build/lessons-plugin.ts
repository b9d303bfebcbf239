import type { Plugin } from "vite";
export function lessonsPlugin(_directory: string): Plugin {
  return { name: "ringside-lessons" };
}
