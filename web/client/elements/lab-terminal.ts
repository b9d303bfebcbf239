/**
 * `<lab-terminal terminal="…">`: a shell in the lesson's lab. In the running text it only offers to start the lab; the
 * terminal itself stands in the dock beside the text (`dock`), where it stays in sight while the text goes on.
 */

import { html, nothing, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { takeChildren } from "../app/taken-children.ts";
import { type LessonSession, sessionAround } from "../lessons/session.ts";
import "./failure-notice.ts";
import { TerminalPane } from "./terminal-pane.ts";

export class LabTerminal extends RingsideElement {
  static override properties = { terminal: {}, dock: { type: Boolean }, large: { type: Boolean } };

  declare terminal: string;
  declare dock: boolean;
  declare large: boolean;

  #session: LessonSession | undefined;

  constructor() {
    super();
    this.terminal = "";
    this.dock = false;
    this.large = false;
  }

  override connectedCallback(): void {
    takeChildren(this);
    super.connectedCallback();
    this.#session = sessionAround(this);
    void this.#session?.find();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.dock && this.#session !== undefined) this.#session.typist.value = undefined;
  }

  override render(): TemplateResult | typeof nothing {
    const session = this.#session;
    if (session === undefined) return nothing;
    if (session.machine.value === undefined) return renderStart(session);
    return this.dock ? this.#renderTerminal(session) : nothing;
  }

  protected override updated(): void {
    const session = this.#session;
    if (!this.dock || session === undefined) return;
    const pane = this.querySelector("terminal-pane");
    session.typist.value = pane instanceof TerminalPane ? this.#type : undefined;
  }

  #renderTerminal(session: LessonSession): TemplateResult | typeof nothing {
    const rows = session.lesson.lab?.terminals ?? [];
    const at = Math.max(
      0,
      rows.findIndex(({ id }) => id === this.terminal),
    );
    const terminal = session.terminals.value[at];
    if (terminal === undefined) return nothing;
    return html`
      <div data-world="container">
        <terminal-pane .terminal=${terminal.id} ?large=${this.large} .label=${rows[at]?.title ?? terminal.title} .restart=${() => void session.reset()}></terminal-pane>
      </div>
    `;
  }

  readonly #type = (text: string): void => {
    const pane = this.querySelector("terminal-pane");
    if (pane instanceof TerminalPane) pane.type(text);
  };
}

function renderStart(session: LessonSession): TemplateResult {
  const busy = session.busy.value !== undefined;
  return html`
    <div class="lab-start">
      <failure-notice .failure=${session.failure.value}></failure-notice>
      <button type="button" class="primary" ?disabled=${busy} @click=${() => session.start()}>${busy ? "Starting…" : "Start the lab"}</button>
      <span class="hint">a container of your own, on this machine</span>
    </div>
  `;
}

customElements.define("lab-terminal", LabTerminal);
