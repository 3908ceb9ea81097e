// What stands in the laboratory's page, from top to bottom, before there is a run.

import { el } from "./elements.js";
import { drawCurves } from "./curves.js";
import { MAZES } from "./laboratory_address.js";
import { drawControls } from "./laboratory_controls.js";
import { drawPolicies } from "./policy.js";

const button = (words, onclick, className = "") => el("button", { type: "button", className, onclick }, words);
const region = (name, ...children) => el("div", { className: `lab-${name}` }, ...children);

/**
 * Build the page in an element.
 *
 * actions: what the controls do: start(changes), step(), stop(), reset(), watch(), repeat(three), changed(name, value).
 * Returns its parts by name, `curves` and `policies` as what draws them, `moveControls` as what moves the controls.
 */
export function buildPage(here, table, actions) {
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
    mazeShown: el("output", {}, "1"),
    list: el("ol", { className: "lab-runs" }),
    command: el("code", {}),
  };
  parts.three = el("input", { type: "checkbox", onchange: () => actions.repeat(parts.three.checked) });
  parts.maze = el("input", { type: "range", min: 1, max: MAZES, step: 1, oninput: actions.watch });
  parts.earlier = el("section", { hidden: true }, el("h2", {}, "Runs"), parts.list);
  const presets = Object.entries(table.presets).map(([name, settings]) => button(name, () => actions.start(settings)));
  here.replaceChildren(parts.problem, parts.spoken,
    region("row", el("span", {}, "Show me:"), ...presets),
    region("row", parts.train, parts.stop, button("Step", actions.step), button("Reset", actions.reset),
      el("label", { className: "lab-box" }, parts.three, "three seeds"), parts.progress),
    parts.status, curves, parts.words, parts.note, parts.cures, mazes,
    el("label", { className: "lab-slider" }, el("span", {}, "maze shown"), parts.maze, parts.mazeShown),
    el("h2", {}, "Settings"), controls, parts.earlier, inPyTorch(parts.command));
  return {
    ...parts,
    curves: drawCurves(curves),
    policies: { train: drawPolicies(mazes, "A training maze"), val: drawPolicies(mazes, "A held-out maze") },
    moveControls: drawControls(controls, table.sliders, actions.changed),
  };
}

function inPyTorch(command) {
  return el("details", {}, el("summary", {}, "The same settings in PyTorch"),
    el("p", {}, "Its random numbers are others, so the run will be similar, not the same."),
    el("pre", { tabIndex: 0, role: "region", "aria-label": "the command" }, command),
    button("Copy", () => navigator.clipboard?.writeText(command.textContent)));
}
