/** What build/lessons-plugin.ts makes of the folder lessons/. */
declare module "virtual:lessons" {
  export const course: import("./compiled-lesson.ts").CompiledCourse;
  /** In the course's order. */
  export const lessons: readonly import("./compiled-lesson.ts").CompiledLesson[];
}
