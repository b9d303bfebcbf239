/**
 * A lesson as the build hands it to the browser: the front matter as it is, the text as HTML, section by section.
 */

import type { FrontMatter } from "../../../lessons/schema.ts";

export interface CompiledSection {
  /** The anchor. */
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

export interface CompiledLesson extends FrontMatter {
  readonly slug: string;
  /** What stands above the first heading. */
  readonly introductionHtml: string;
  readonly sections: readonly CompiledSection[];
  /** The steps of the walkthrough: a title, and the anchors of the sections that it shows. */
  readonly walkthrough: readonly { readonly title: string; readonly sections: readonly string[] }[];
  /** The script that does every task. */
  readonly solution: string;
}

export interface CompiledCourse {
  readonly title: string;
  readonly summary: string;
}
