// The overfitting laboratory in a notebook: the front end of laboratory_view.js, and Python, which trains and has the
// state. anywidget calls `render` for every view of a `trm_nav.course.laboratory.panel.Laboratory`.

import { CONTROLLED } from "./laboratory_controls.js";
import { View } from "./laboratory_view.js";

const PATIENCE = 5000; // milliseconds without an answer from Python
const SILENT = "Python does not answer. It may be busy with another cell; after a restart, run this cell again.";
const GONE = "Python was restarted or has ended: run this cell again.";
const SHELL = {
  title: "Commands that reproduce this run",
  words: "From a shell in the repository: as a notebook (the first line), or as two commands.",
  command: (run) => run?.commands ?? "",
};

function render({ model, el: here }) {
  const table = model.get("table"), controlled = CONTROLLED(table.sliders);
  let waiting = 0, silent = false;

  function put(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  function send(message) {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      silent = true;
      view.complain(SILENT);
    }, PATIENCE);
    model.send(message);
  }

  function heard() {
    clearTimeout(waiting);
    if (silent) view.complain(model.get("problem"));
    silent = false;
  }

  /** What the controls have; other settings of a run stay as Python has them. */
  const movable = (changes) => Object.fromEntries(Object.entries(changes).filter(([name]) => controlled.includes(name)));
  const view = new View(here, table, {
    start: (changes) => {
      view.tell("");
      send({ type: "start", changes: changes ? movable(changes) : null });
    },
    stop: () => send({ type: "stop" }),
    show: ({ number }) => send({ type: "show", number }),
    changed: put,
    watch: (maze) => put("maze", maze),
    repeat: (three) => put("three_seeds", three),
  }, SHELL);

  const move = () => view.move({
    settings: { ...table.defaults, ...Object.fromEntries(controlled.map((name) => [name, model.get(name)])) },
    three: model.get("three_seeds"),
    maze: model.get("maze"),
  });

  function draw() {
    heard();
    view.draw({
      run: "number" in model.get("run") ? model.get("run") : null,
      runs: model.get("runs"), running: model.get("running"), progress: model.get("progress"),
    });
  }

  /** Python has gone, and does not come back to this view. */
  function gone() {
    clearTimeout(waiting);
    view.connect(false);
    view.complain(GONE);
  }

  const listened = {
    [[...controlled, "three_seeds", "maze"].map((name) => `change:${name}`).join(" ")]: move,
    "change:run change:runs change:running change:progress": draw,
    "change:problem": () => view.complain(model.get("problem")),
    "msg:custom": heard,
    comm_live_update: gone,
  };
  for (const [events, listener] of Object.entries(listened)) model.on(events, listener);
  move();
  draw();
  view.complain(model.get("problem"));
  return () => {
    clearTimeout(waiting);
    for (const [events, listener] of Object.entries(listened)) model.off(events, listener);
  };
}

export default { render };
