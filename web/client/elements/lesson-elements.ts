/** The elements that a lesson's text may hold (lessons/README.md). */

import "./claim-verdict.ts";
import "./lab-terminal.ts";
import "./lesson-task.ts";
import "./predict-choice.ts";
import "./shell-listing.ts";
import "./sim-player.ts";
