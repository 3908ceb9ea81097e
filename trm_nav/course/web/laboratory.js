// The overfitting laboratory in the page: presets, Train and Stop, live curves, the policy on a training and on a
// held-out maze, the diagnosis with its remedies, earlier runs. It trains in a worker; trainer/worker.js says how.

import { el } from "./elements.js";
import { address, asked, presetOf, runsOf } from "./laboratory_address.js";
import { CONTROLLED } from "./laboratory_controls.js";
import { buildPage } from "./laboratory_page.js";
import { command, diagnosis, findingsOf, label, status } from "./laboratory_words.js";
import { checked, loadSettings } from "./trainer/settings.js";

const COMPARED = 2; // earlier runs that are drawn beside the one shown
const AT_ONCE = ["lr", "dropout", "weight_decay"]; // what a run in progress takes over

/** Start the laboratory in an element. Returns when it can be used. */
export async function mount(here) {
  here.classList.add("trm-lab");
  let table;
  try {
    table = await loadSettings();
    if (!window.Worker || !window.WebAssembly) throw new Error("This browser has no WebAssembly.");
  } catch (error) {
    here.replaceChildren(el("p", { role: "alert" }, `${error.message} The laboratory cannot run here.`));
    return;
  }
  new Laboratory(here, table).open();
}

class Laboratory {
  constructor(here, table) {
    Object.assign(this, { table, runs: [], shown: null, current: null, count: 0, heard: false });
    this.worker = new Worker(new URL("./trainer/worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#hear(data);
    this.worker.onerror = () => this.#fail("The trainer could not be loaded: reload this page.");
    Object.assign(this, buildPage(here, table, {
      start: (changes) => this.start(changes),
      step: () => (this.current?.paused ? this.worker.postMessage({ type: "step" }) : this.start({}, true)),
      stop: () => this.worker.postMessage({ type: "stop" }),
      reset: () => this.#reset(),
      watch: () => this.#watch(),
      changed: (name, value) => this.#changed(name, value),
      repeat: (three) => {
        this.state.three = three;
        this.#write(false);
      },
    }));
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.written) this.open();
    });
  }

  /** Take over what the address asks for. */
  open() {
    const { problem, train, ...state } = asked(window.location.hash, this.table);
    this.state = state;
    this.moveControls(state.settings);
    this.three.checked = state.three;
    this.maze.value = state.maze + 1;
    this.#draw();
    if (train) this.start();
    this.problem.textContent = problem;
  }

  /** Train with the settings of the controls, after these changes. paused: one gradient step, then one for each press. */
  start(changes = {}, paused = false) {
    this.#leave("stopped");
    Object.assign(this.state.settings, changes);
    this.moveControls(this.state.settings);
    const { settings, three } = this.state;
    this.current = this.shown = {
      number: ++this.count, settings: { ...settings }, left: runsOf(settings, three && !paused), records: [],
      record: null, policies: null, state: "running", why: "", share: 0, paused,
    };
    this.problem.textContent = this.note.textContent = "";
    this.spoken.textContent = `Run ${this.count} begins.`;
    this.#next();
    this.#write(true);
    this.#draw();
  }

  #next() {
    const { current: run } = this;
    this.heard = false; // until the worker says that this run is ready, it speaks of the one before
    this.worker.postMessage({ type: "start", settings: run.left.shift(), watch: this.state.maze, paused: run.paused });
  }

  #hear(message) {
    const run = this.current;
    if (message.type === "error") return this.#fail(message.message);
    this.heard ||= message.type === "ready";
    if (!run || !this.heard) return undefined;
    if (message.type === "ready") {
      Object.assign(run, { parameters: message.parameters, labels: message.labels });
      if (run.paused) this.worker.postMessage({ type: "step" });
    }
    if (message.type === "step") this.#progress(run, message);
    if (message.policies && !run.records.length) run.policies = message.policies;
    if (message.type === "point") Object.assign(run, { record: message.record, share: 0 });
    if (message.type === "done") return this.#ended(run, message);
    return this.#draw();
  }

  #progress(run, { share, loss }) {
    run.share = share;
    if (run.paused) {
      this.note.textContent = `A gradient step: loss ${loss.toPrecision(3)} nats, `
        + `${Math.round(100 * share)}% of the epoch done.`;
      this.worker.postMessage({ type: "set", watch: this.state.maze });
    }
  }

  #ended(run, { why, record, message }) {
    run.record = record;
    run.why ||= why === "stopped" && run.records.length ? "" : why;
    if (why !== "stopped" || !run.records.length) run.records.push(record);
    if (why !== "stopped" && run.left.length) {
      this.#next();
      return this.#draw();
    }
    this.#leave(why);
    if (message) this.note.textContent = message;
    this.spoken.textContent = `Run ${run.number} has ended. ${this.words.textContent}`;
    return undefined;
  }

  /** The run in progress, if there is one, goes into the list. */
  #leave(why) {
    const run = this.current;
    if (!run) return;
    this.current = null;
    Object.assign(run, { state: "ended", why: run.why || why, left: [] });
    if (run.record && !run.records.length) run.records.push(run.record);
    if (run.records.length && (run.records[0].val_loss.length || run.records[0].diverged)) this.runs.push(run);
    this.#draw();
  }

  #fail(sentence) {
    this.current = null;
    this.problem.textContent = sentence;
    this.#draw();
  }

  /** A control was moved. */
  #changed(name, value) {
    try {
      checked(this.table, { [name]: value });
    } catch (error) {
      this.problem.textContent = error.message;
      return this.moveControls(this.state.settings);
    }
    this.problem.textContent = "";
    this.state.settings[name] = value;
    if (this.current) {
      const now = AT_ONCE.includes(name);
      if (now) this.worker.postMessage({ type: "set", [name]: value });
      this.note.textContent = now ? `${name} is ${value} from now on.` : `${name} counts from the next run on.`;
    }
    return this.#write(false);
  }

  #watch() {
    this.state.maze = this.maze.value - 1;
    this.worker.postMessage({ type: "set", watch: this.state.maze });
    this.mazeShown.textContent = this.maze.value;
    this.maze.setAttribute("aria-valuetext", `maze ${this.maze.value}`);
    if (!this.current) this.note.textContent = "The other maze shows with the next run.";
    this.#write(false);
  }

  /** Keep the state in the address. */
  #write(train) {
    const preset = presetOf(this.state.settings, this.table);
    this.written = address({ ...this.state, preset, train }, this.table);
    window.history.replaceState(null, "", this.written);
  }

  #reset() {
    this.current = null;
    this.worker.postMessage({ type: "stop" });
    Object.assign(this, { runs: [], shown: null, count: 0 });
    window.history.replaceState(null, "", window.location.pathname);
    this.open();
  }

  #draw() {
    const { shown: run, runs, current } = this;
    this.train.disabled = Boolean(current) && !current.paused;
    this.stop.disabled = !current;
    this.progress.value = run ? this.#done(run) : 0;
    this.status.textContent = run ? status(run) : "Choose a preset, or set the sliders and press Train.";
    const record = run?.records[0] ?? run?.record ?? EMPTY;
    const fan = run?.records.slice(1).map((history) => ({ name: "", history })) ?? [];
    const earlier = runs.filter((other) => other !== run).slice(-COMPARED)
      .map((other) => ({ name: String(other.number), history: other.records[0] }));
    this.curves.update(record, run?.settings.epochs ?? this.state.settings.epochs, [...earlier, ...fan]);
    this.policies.train(run?.policies?.train ?? null);
    this.policies.val(run?.policies?.val ?? null);
    this.words.replaceChildren(...(run ? diagnosis(run) : []));
    this.cures.replaceChildren(...(run && run !== current ? this.#remedies(run) : []));
    this.#list();
    this.command.textContent = command(run?.settings ?? this.state.settings);
  }

  #done({ records, record, settings, share, left, state }) {
    if (state === "ended") return 1;
    const epochs = records.length * settings.epochs + (record?.val_loss.length ?? 0) % settings.epochs + share;
    return epochs / ((records.length + left.length + 1) * settings.epochs);
  }

  #remedies(run) {
    const controlled = CONTROLLED(this.table.sliders);
    const offered = findingsOf(run)[0]?.remedies.filter(({ changes }) => (
      Object.keys(changes).length && Object.keys(changes).every((name) => controlled.includes(name)))) ?? [];
    return offered.length ? [el("span", {}, "Try: "), ...offered.map(({ changes, text }) => el("button", {
      type: "button", onclick: () => this.start({ ...run.settings, ...changes }),
    }, text.replaceAll("`", "")))] : [];
  }

  #list() {
    const kept = new Map([...this.list.children].map((item) => [item.dataset.key, item]));
    this.list.replaceChildren(...this.runs.map((run) => {
      const words = `Run ${run.number} · ${label(run, this.table)}`, now = run === this.shown;
      const item = kept.get(words) ?? el("li", { "data-key": words }, el("button", { type: "button", onclick: () => {
        if (!this.current) this.#show(run);
      } }, words));
      item.firstChild.setAttribute("aria-pressed", String(now));
      return item;
    }));
    this.earlier.hidden = !this.runs.length;
  }

  /** Bring an earlier run back, with its settings. */
  #show(run) {
    this.shown = run;
    this.state.settings = { ...run.settings };
    this.moveControls(this.state.settings);
    this.#write(false);
    this.#draw();
  }
}

const EMPTY = { train_loss: [], val_loss: [], train_acc: [], val_acc: [] };

const element = document.getElementById("laboratory");
if (element) mount(element);
