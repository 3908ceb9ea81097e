// The overfitting laboratory in the page: the front end of laboratory_view.js, and a worker that trains;
// trainer/worker.js says how. Its whole state is in the address.

import { el } from "./elements.js";
import { address, asked, runsOf } from "./laboratory_address.js";
import { AT_ONCE, View } from "./laboratory_view.js";
import { command, presetOf } from "./laboratory_words.js";
import { loadSettings } from "./trainer/settings.js";

const SHELL = {
  title: "The same settings in PyTorch",
  words: "A seed gives the same mazes, first weights and order there; only dropout draws other numbers. Rounding, which "
    + "training makes grow, parts the curves in the end.",
  command: (run, settings) => command(run?.settings ?? settings),
};

/** Start the laboratory in an element. Returns when it can be used. */
export async function mount(here) {
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
    this.view = new View(here, table, {
      start: (changes) => this.start(changes),
      step: () => (this.current?.paused ? this.worker.postMessage({ type: "step" }) : this.start({}, true)),
      stop: () => this.worker.postMessage({ type: "stop" }),
      reset: () => this.#reset(),
      watch: (maze) => this.#watch(maze),
      changed: (name, value) => this.#changed(name, value),
      show: (run) => this.#show(run),
      repeat: (three) => {
        this.state.three = three;
        this.#write(false);
      },
    }, SHELL);
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.written) this.open();
    });
  }

  /** Take over what the address asks for. */
  open() {
    const { problem, train, ...state } = asked(window.location.hash, this.table);
    this.state = state;
    this.#move();
    this.#draw();
    if (train) this.start();
    this.view.complain(problem);
  }

  #move() {
    this.view.move({ ...this.state, maze: this.state.maze + 1 });
  }

  /** Train with the settings of the controls, after these changes. paused: one gradient step, then one for each press. */
  start(changes = {}, paused = false) {
    this.#leave("stopped");
    Object.assign(this.state.settings, changes);
    this.#move();
    const { settings, three } = this.state;
    this.current = this.shown = {
      number: ++this.count, settings: { ...settings }, left: runsOf(settings, three && !paused), records: [],
      record: null, policies: null, state: "running", why: "", share: 0, paused,
    };
    this.view.complain("");
    this.view.tell("");
    this.#next();
    this.#write(true);
    this.#draw();
  }

  #next() {
    const { current: run } = this;
    run.record = null;
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
      this.view.tell(`A gradient step: loss ${loss.toPrecision(3)} nats, ${Math.round(100 * share)}% of the epoch done.`);
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
    if (message) this.view.tell(message);
    return this.#leave(why);
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
    this.view.complain(sentence);
    this.#draw();
  }

  /** A control was moved. */
  #changed(name, value) {
    this.state.settings[name] = value;
    if (this.current && AT_ONCE.includes(name)) this.worker.postMessage({ type: "set", [name]: value });
    this.#write(false);
  }

  #watch(maze) {
    this.state.maze = maze - 1;
    this.worker.postMessage({ type: "set", watch: this.state.maze });
    if (!this.current) this.view.tell("The other maze shows with the next run.");
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
    const progress = run ? done(run) : 0;
    this.view.draw({ run, runs, running: Boolean(current), waits: current?.paused, progress });
  }

  /** Bring an earlier run back, with its settings. */
  #show(run) {
    this.shown = run;
    this.state.settings = { ...run.settings };
    this.#move();
    this.#write(false);
    this.#draw();
  }
}

/** The share of a run that is done, of all its seeds. */
function done({ records, record, settings, share, left, state }) {
  if (state === "ended") return 1;
  const epochs = records.length * settings.epochs + (record?.val_loss.length ?? 0) % settings.epochs + share;
  return epochs / ((records.length + left.length + 1) * settings.epochs);
}

const element = document.getElementById("laboratory");
if (element) mount(element);
