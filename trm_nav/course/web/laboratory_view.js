// The front end of the laboratory, the same in the page and in a notebook: what it shows of the runs, and what a reader
// can ask for. Who trains is another matter: a worker in the page (laboratory.js), Python in a notebook
// (laboratory_notebook.js).

import { el } from "./elements.js";
import { CONTROLLED } from "./laboratory_controls.js";
import { buildPage } from "./laboratory_page.js";
import { diagnosis, findingsOf, label, status } from "./laboratory_words.js";
import { checked } from "./trainer/settings.js";

const COMPARED = 2; // other runs that are drawn beside the one shown
export const AT_ONCE = ["lr", "dropout", "weight_decay"]; // what a run in progress takes over
const EMPTY = { train_loss: [], val_loss: [], train_acc: [], val_acc: [] };

/**
 * A run as it is drawn: its `number`, its `settings`, the `records` of the seeds that have ended, the last `record`,
 * `parameters` and `labels`, `policies` in the maze that is watched, its `state` ("running" or "ended"), and `why` it
 * has ended ("stopped" or another word).
 */
export class View {
  /**
   * Put the laboratory into an element. page.css, laboratory.css and curves.css must be loaded.
   *
   * table: as from `loadSettings`. laboratory: what the reader asks for: the `actions` of `buildPage`, of which
   * `changed` gets what `table` accepts, and show(run), for a run that has ended. shell: as in `buildPage`, and
   * command(run, settings), which gives the commands; there is no run at first.
   */
  constructor(here, table, laboratory, shell) {
    Object.assign(this, { table, laboratory, shell, run: null, runs: [], running: false, state: null });
    const actions = { ...laboratory, changed: (name, value) => this.#changed(name, value) };
    this.parts = buildPage(here, table, actions, shell);
  }

  /** Move the controls. state: all `settings`, whether `three` seeds are wanted, and the `maze` watched, from 1. */
  move(state) {
    this.state = state;
    this.parts.moveControls(state.settings);
    this.parts.three.checked = state.three;
    this.parts.moveMaze(state.maze);
  }

  /** A sentence about what went wrong, or "". */
  complain(sentence) {
    this.parts.problem.textContent = sentence;
  }

  /** A sentence about what was done, or "". */
  tell(sentence) {
    this.parts.note.textContent = sentence;
  }

  /** Whether somebody is there who trains; without, nothing can be pressed. */
  connect(connected) {
    for (const part of this.parts.operated) part.inert = !connected;
  }

  /**
   * Draw a run, null for none, and the list of runs that have ended.
   *
   * running: whether it goes on. waits: whether Train may be pressed all the same. progress: from 0 to 1.
   */
  draw({ run, runs, running, waits = false, progress }) {
    const { parts } = this, before = { run: this.run, running: this.running };
    Object.assign(this, { run, runs, running });
    parts.train.disabled = running && !waits;
    parts.stop.disabled = !running;
    parts.progress.value = progress;
    parts.status.textContent = run ? status(run) : "Choose a preset, or set the sliders and press Train.";
    parts.words.replaceChildren(...(run ? diagnosis(run) : []));
    this.#drawRun();
    this.#offer();
    this.#list();
    this.#speak(before);
    parts.command.textContent = this.shell.command(run, this.state.settings);
    parts.commands.hidden = !parts.command.textContent;
  }

  #drawRun() {
    const { run, runs, parts } = this;
    const others = runs.filter((other) => other.number !== run?.number).slice(-COMPARED)
      .map((other) => ({ name: String(other.number), history: other.records[0] }));
    const fan = run ? [...run.records.slice(1), ...(run.records.length && this.running ? [run.record] : [])] : [];
    const seeds = fan.filter(Boolean).map((history) => ({ name: "", history }));
    const epochs = (run?.settings ?? this.state.settings).epochs;
    parts.curves.update(run?.records[0] ?? run?.record ?? EMPTY, epochs, [...others, ...seeds]);
    parts.curves.mark(run ? findingsOf(run)[0]?.epoch ?? null : null);
    parts.policies.train(run?.policies?.train ?? null);
    parts.policies.val(run?.policies?.val ?? null);
  }

  /** A button for each remedy that the controls can do, once the run has ended. */
  #offer() {
    const { run, table, laboratory } = this, controlled = CONTROLLED(table.sliders);
    const remedies = run && !this.running ? findingsOf(run)[0]?.remedies ?? [] : [];
    const offered = remedies.filter(({ changes }) => {
      const names = Object.keys(changes);
      return names.length && names.every((name) => controlled.includes(name));
    });
    const key = JSON.stringify([run?.number, offered]);
    if (this.offered === key) return; // the same buttons stay, so that a click does not miss them
    this.offered = key;
    this.parts.cures.replaceChildren(...(offered.length ? [el("span", {}, "Try: ")] : []),
      ...offered.map(({ changes, text }) => el("button", {
        type: "button", onclick: () => laboratory.start({ ...run.settings, ...changes }),
      }, text.replaceAll("`", ""))));
  }

  #list() {
    const { list, earlier } = this.parts, kept = new Map([...list.children].map((item) => [item.dataset.key, item]));
    list.replaceChildren(...this.runs.map((run) => {
      const words = `Run ${run.number} · ${label(run, this.table)}`;
      const item = kept.get(words) ?? el("li", { "data-key": words }, el("button", { type: "button" }, words));
      item.firstChild.onclick = () => {
        if (!this.running) this.laboratory.show(run);
      };
      item.firstChild.setAttribute("aria-pressed", String(run.number === this.run?.number));
      return item;
    }));
    earlier.hidden = !this.runs.length;
  }

  /** Tell a screen reader that a run begins or has ended. */
  #speak(before) {
    const { run, running, parts } = this;
    if (!run) return;
    if (running && !(before.running && before.run?.number === run.number)) {
      parts.spoken.textContent = `Run ${run.number} begins.`;
    } else if (before.running && !running) {
      parts.spoken.textContent = `Run ${run.number} has ended. ${parts.words.textContent}`;
    }
  }

  /** The reader has moved a control. */
  #changed(name, value) {
    try {
      checked(this.table, { [name]: value });
    } catch (error) {
      this.complain(error.message);
      this.move(this.state);
      return;
    }
    this.complain("");
    this.laboratory.changed(name, value);
    if (!this.running) return;
    this.tell(AT_ONCE.includes(name) ? `${name} is ${value} from now on.` : `${name} counts from the next run on.`);
  }
}
