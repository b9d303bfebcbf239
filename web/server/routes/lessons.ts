/** `/api/lessons/:slug/…`: the machine of a lesson and the checks in it. */

import type { FastifyInstance } from "fastify";
import * as z from "zod/mini";
import { checkTaskSchema, resetLessonSchema, slugSchema, startLessonSchema } from "../../protocol/lesson.ts";
import type { Lab } from "../lab/lab.ts";
import { RATES } from "../limits.ts";
import { parseInput } from "../problem.ts";

const parametersSchema = z.object({ slug: slugSchema });
const CREATE = { config: { rateLimit: { max: RATES.create.max, timeWindow: RATES.create.windowMs } } };

/** Adds the routes. */
export function addLessonRoutes(server: FastifyInstance, lab: Lab): void {
  server.post("/lessons/:slug/lab", CREATE, async (request, reply) => {
    const { slug } = parseInput(parametersSchema, request.params);
    const { size } = parseInput(startLessonSchema, request.body);
    reply.code(201);
    return lab.createLesson(slug, size);
  });

  server.post("/lessons/:slug/check", async (request) => {
    const { slug } = parseInput(parametersSchema, request.params);
    const { machine, task, input } = parseInput(checkTaskSchema, request.body);
    return lab.check(slug, machine, task, input);
  });

  server.post("/lessons/:slug/reset", CREATE, async (request, reply) => {
    const { slug } = parseInput(parametersSchema, request.params);
    const { machine, size } = parseInput(resetLessonSchema, request.body);
    if (machine !== undefined) await lab.removeLesson(slug, machine);
    reply.code(201);
    return lab.createLesson(slug, size);
  });
}
