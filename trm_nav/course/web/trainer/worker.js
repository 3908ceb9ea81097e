// The trainer as a worker, so that the page answers meanwhile: new Worker(".../worker.js", { type: "module" }).
//
// It understands messages of four types:
//   start   settings: those that differ from the defaults; file: in place of them, a run that
//           trm_nav.course.web.export has written; watch: which maze of either set is shown; paused: whether the run
//           waits for `step`. A run that goes on ends without a word.
//   stop    ends the run.
//   set     lr, dropout, weight_decay or watch, for the rest of the run.
//   step    one gradient step of a run that is paused.
// It answers with messages of six types:
//   ready   the run begins: settings (all), parameters and labels (how many), batches (gradient steps in an epoch)
//   step    progress, now and then, and after every `step`: epoch (the finished ones), share (of the next), loss
//   point   an epoch has ended: epoch, record (which a diagnosis reads), policies (of a training and a held-out maze);
//           or, with epoch 0, a part of a long first epoch, of which the record is; no progress is told until it ends
//   policies  after `set` with watch: policies
//   done    the run has ended: why ("end", "patience", "diverged" or "stopped"), record, and for "diverged" a message
//   error   message, one sentence; a run whose start failed does not begin, others go on

import { loadKernels } from "./memory.js";
import { readRun } from "./exported.js";
import { checked, loadSettings } from "./settings.js";
import { Training } from "./training.js";

const PROGRESS = 100; // milliseconds between two messages about progress
const CHANGEABLE = ["lr", "dropout", "weight_decay"];
const loaded = Promise.all([loadKernels(), loadSettings()]); // not awaited here: messages would be lost meanwhile
loaded.catch(() => {}); // `start` tells
let run = null; // { training, steps, watch, paused }, the one that goes on

const channel = new MessageChannel();
/** Let messages in: a promise that is kept after those that wait. Timers would wait 4 ms. */
const breath = () => new Promise((done) => {
  channel.port1.onmessage = done;
  channel.port2.postMessage(null);
});

const actions = { start, stop, set, step };

self.onmessage = async ({ data }) => {
  try {
    await actions[data.type](data);
  } catch (error) {
    postMessage({ type: "error", message: error.message });
  }
};

async function start({ settings = {}, file, watch = 0, paused = false }) {
  const mine = run = { watch, paused };
  const [module, table] = await loaded;
  const { settings: all, given } = file ? readRun(file) : { settings: checked(table, settings) };
  if (run !== mine) return; // another start or a stop came meanwhile
  try {
    mine.training = new Training(module, all, given);
  } catch (error) {
    run = null;
    throw error;
  }
  mine.steps = mine.training.steps();
  const { model, batches, train, settings: complete } = mine.training;
  const labels = train.optimal.reduce((count, set) => count + (set !== 0), 0);
  postMessage({ type: "ready", settings: complete, parameters: model.parameters.count, labels, batches });
  if (!paused) await goOn(mine);
}

async function goOn(mine) {
  let shown = performance.now();
  while (run === mine) {
    const due = performance.now() - shown >= PROGRESS;
    const { epoch, share } = advance(mine, due);
    if (epoch || (due && share)) shown = performance.now();
    await breath();
  }
}

/** One gradient step or one batch of the validation. Returns what `Training.steps` says about it. */
function advance(mine, tell) {
  const { training, steps } = mine, { value = {}, done } = steps.next();
  if (done) {
    finish(training.diverged ? "diverged" : training.epoch < training.settings.epochs ? "patience" : "end");
  } else if (value.epoch) {
    postMessage({ type: "point", epoch: value.epoch, record: training.record(), policies: policies(mine) });
  } else if (value.early && !mine.paused) {
    postMessage({ type: "point", epoch: 0, record: training.record(), policies: policies(mine) });
  } else if (tell && value.share && (mine.paused || training.epoch || !training.early)) {
    postMessage({ type: "step", epoch: training.epoch, ...value });
  }
  return value;
}

function finish(why) {
  const { training } = run;
  run = null;
  if (!training) return;
  const { lr } = training.settings;
  const message = `The loss is not a number in epoch ${training.epoch + 1} at learning rate ${lr}: `
                  + `lower it, for example to \`lr=${lr / 10}\`.`;
  postMessage({ type: "done", why, record: training.record(), ...(why === "diverged" ? { message } : {}) });
}

function stop() {
  if (run) finish("stopped");
}

async function set({ type, watch, ...changes }) {
  const [, table] = await loaded;
  if (!run?.training) return;
  for (const [name, value] of Object.entries(changes)) {
    if (!CHANGEABLE.includes(name)) throw new Error(`\`${name}\` cannot be changed while a run goes on.`);
    checked(table, { [name]: value });
    if (name === "dropout") run.training.dropout = value;
    else run.training.settings[name] = value;
  }
  if (watch === undefined) return;
  run.watch = watch;
  postMessage({ type: "policies", policies: policies(run) });
}

function step() {
  const mine = run;
  if (!mine?.paused || !mine.steps) return;
  let value;
  do value = advance(mine, true); while (run === mine && !value.epoch && !(value.share < 1)); // the last ends the epoch
}

/** The policies for the maze that is shown, of the training set and of the held-out set. */
function policies({ training, watch }) {
  return Object.fromEntries(Object.entries(training.sets).map(([name, set]) => (
    [name, training.policy(set, Math.min(watch, set.agents.length - 1))]
  )));
}
