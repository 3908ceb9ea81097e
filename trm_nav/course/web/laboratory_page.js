// What stands in the laboratory, from top to bottom, before there is a run.

import { copy, el } from "./elements.js";
import { drawCurves } from "./curves.js";
import { MAZES, drawControls } from "./laboratory_controls.js";
import { drawPolicies } from "./policy.js";
import { keep } from "../playground/keys.js";

const button = (words, onclick, className = "") => el("button", { type: "button", className, onclick }, words);
const region = (name, ...children) => el("div", { className: `lab-${name}` }, ...children);

/**
 * Build the laboratory in an element.
 *
 * actions: what the controls do: start(changes), stop(), watch(maze), repeat(three), changed(name, value), and, each with
 * a button if it is given, step() and reset(). shell: title and words above the commands that train the same.
 * Returns its parts by name, `curves` and `policies` as what draws them, `moveControls` as what moves the controls, and
 * `operated`, all regions in which something can be pressed or moved.
 */
export function buildPage(here, table, actions, shell) {
  const curves = region("curves"), mazes = region("mazes"), controls = region("controls");
  const parts = {
    problem: el("p", { className: "lab-problem", role: "alert" }),
    spoken: el("p", { className: "lab-spoken", role: "status" }),
    train: button("Train", () => actions.start(), "lab-main"),
    stop: button("Stop", actions.stop),
    progress: el("progress", { max: 1, "aria-label": "progress of the run" }),
    status: region("status"),
    words: region("words"),
    note: region("note"),
    cures: region("cures"),
    list: el("ol", { className: "lab-runs" }),
    command: el("code", {}),
    ...mazeSlider(actions.watch),
  };
  parts.three = el("input", { type: "checkbox", onchange: () => actions.repeat(parts.three.checked) });
  parts.earlier = el("section", { hidden: true }, el("h2", {}, "Runs"), parts.list);
  parts.commands = inShell(parts.command, shell);
  const presets = Object.entries(table.presets).map(([name, settings]) => button(name, () => actions.start(settings)));
  const show = region("row", el("span", {}, "Show me:"), ...presets);
  const run = region("row", parts.train, parts.stop, actions.step ? button("Step", actions.step) : null,
    actions.reset ? button("Reset", actions.reset) : null,
    el("label", { className: "lab-box" }, parts.three, "three seeds"), parts.progress);
  here.classList.add("trm-lab");
  here.addEventListener("keydown", keep);
  here.replaceChildren(parts.problem, parts.spoken, show, run, parts.status, curves, parts.words, parts.note,
    parts.cures, mazes, parts.mazes, el("h2", {}, "Settings"), controls, parts.earlier, parts.commands);
  return {
    ...parts,
    curves: drawCurves(curves),
    policies: { train: drawPolicies(mazes, "A training maze"), val: drawPolicies(mazes, "A held-out maze") },
    moveControls: drawControls(controls, table.sliders, actions.changed),
    operated: [show, run, parts.cures, parts.mazes, controls, parts.earlier],
  };
}

/** The slider that chooses a maze, and a function that moves it. */
function mazeSlider(watch) {
  const maze = el("input", { type: "range", min: 1, max: MAZES, step: 1, "aria-label": "maze shown" });
  const shown = el("output", { "aria-hidden": "true" });
  const moveMaze = (number) => {
    maze.value = number;
    shown.textContent = maze.value;
    maze.setAttribute("aria-valuetext", maze.value);
  };
  maze.addEventListener("input", () => {
    moveMaze(maze.value);
    watch(Number(maze.value));
  });
  return { mazes: el("label", { className: "lab-slider" }, el("span", {}, "maze shown"), maze, shown), moveMaze };
}

function inShell(command, { title, words }) {
  const copied = button("Copy", async () => {
    await copy(command);
    copied.textContent = "Copied";
  });
  return el("details", {}, el("summary", {}, title), el("p", {}, words),
    el("pre", { tabIndex: 0, role: "region", "aria-label": "the command" }, command), copied);
}
