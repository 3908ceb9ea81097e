// The controls of the laboratory: a slider, check box or list for each setting that the reader can change.

import { el, thousands } from "./elements.js";

export const MAZES = 20; // of either set, one of which is shown
const CHOICES = {
  supervision: ["the loss reads", { action: "the agent's cell", policy: "every cell" }],
  mixing: ["mixing", { mlp: "dense", conv: "3 x 3 neighbourhoods" }],
};

/**
 * Put the controls into an element.
 *
 * sliders: { name: [label, values] }. onChange(name, value) is called when the reader has changed one. Returns a
 * function that moves all of them to these settings; a value that a slider or list does not have is added to it.
 */
export function drawControls(here, sliders, onChange) {
  const made = {
    ...Object.fromEntries(Object.entries(sliders).map(([name, [label, values]]) => (
      [name, slider(label, values, (value) => onChange(name, value))]))),
    augment: box("augmentation", (value) => onChange("augment", value)),
    ...Object.fromEntries(Object.entries(CHOICES).map(([name, [label, words]]) => (
      [name, list(label, words, (value) => onChange(name, value))]))),
    seed: number("seed", (value) => onChange("seed", value)),
  };
  here.append(...Object.values(made).map(({ element }) => element));
  return (settings) => {
    for (const [name, control] of Object.entries(made)) control.set(settings[name]);
  };
}

export const CONTROLLED = (sliders) => [...Object.keys(sliders), "augment", ...Object.keys(CHOICES), "seed"];

function slider(label, offered, onChange) {
  let values = [...offered];
  const shown = el("output", { "aria-hidden": "true" }); // a screen reader gets it from the slider
  const input = el("input", { type: "range", min: 0, step: 1, "aria-label": label });
  const say = () => {
    shown.textContent = printed(values[input.value]);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", say);
  input.addEventListener("change", () => onChange(values[input.value]));
  const set = (value) => {
    values = [...new Set([...offered, value])].sort((a, b) => a - b);
    input.max = values.length - 1;
    input.value = values.indexOf(value);
    say();
  };
  return { element: el("label", { className: "lab-slider" }, el("span", {}, label), input, shown), set };
}

function box(label, onChange) {
  const input = el("input", { type: "checkbox", onchange: () => onChange(input.checked) });
  const set = (value) => { input.checked = value; };
  return { element: el("label", { className: "lab-box" }, input, label), set };
}

function list(label, words, onChange) {
  const options = Object.entries(words).map(([value, said]) => el("option", { value }, said));
  const input = el("select", { onchange: () => onChange(input.value) }, ...options);
  const set = (value) => {
    if (!options.some((option) => option.value === value)) options.push(el("option", { value }, value));
    input.replaceChildren(...options);
    input.value = value;
  };
  return { element: el("label", { className: "lab-list" }, el("span", {}, label), input), set };
}

function number(label, onChange) {
  const input = el("input", { type: "number", min: 0, step: 1 });
  input.addEventListener("change", () => onChange(input.value === "" ? NaN : Number(input.value)));
  const set = (value) => { input.value = value; };
  return { element: el("label", { className: "lab-list" }, el("span", {}, label), input), set };
}

const printed = (value) => (value >= 1000 ? thousands(value) : String(value));
