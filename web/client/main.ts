/**
 * Ringside in the browser: what is started once, then the elements, then `<ringside-app>` finds itself in index.html.
 */

import "./styles/base.css";
import "./styles/controls.css";
import "./styles/timeline.css";
import "./styles/race.css";
import "./styles/simulate.css";
import "./styles/terminal.css";
import "./styles/lab.css";
import "./styles/prose.css";
import "./styles/exercises.css";
import "./styles/lessons.css";
import "./styles/walk.css";
import "uplot/dist/uPlot.min.css";
import "./styles/benchmark.css";
import "./styles/doctor.css";
import "./styles/print.css";
import * as z from "zod/mini";
import { startKeys } from "./app/keys.ts";
import { startRouter } from "./app/router.ts";
import { startTheme } from "./app/theme.ts";
import "./pages/race-page.ts";
import "./pages/lab-page.ts";
import "./pages/benchmark-page.ts";
import "./pages/benchmark-report-page.ts";
import "./pages/doctor-page.ts";
import "./pages/simulation-page.ts";
import "./pages/simulations-page.ts";
import "./pages/lessons-page.ts";
import "./pages/lesson-page.ts";
import "./pages/walk-page.ts";
import "./app/shell.ts";

// Compiled parsers would need `unsafe-eval` in the content security policy.
z.config({ jitless: true });
startTheme();
startRouter();
startKeys();
