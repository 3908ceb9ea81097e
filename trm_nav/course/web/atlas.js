// The atlas of luck: a choice of a preset and of remedies is a fan of runs with other mazes and weights, trained
// beforehand, beside the same runs without a remedy. atlas_address.js says how the address holds the choice.

import { el, table } from "./elements.js";
import { address, asked, MOST, runsOf } from "./atlas_address.js";
import { drawCurves } from "./curves.js";
import { drawEnds } from "./atlas_ends.js";
import { ends, middle } from "./atlas_numbers.js";
import { sentences, share } from "./atlas_words.js";

/**
 * Start the atlas in an element. Returns when it can be used.
 *
 * The attribute `data-laboratory` of the element, if there is one, is the address of the laboratory's page.
 */
export async function mount(here) {
  here.classList.add("trm-atlas");
  const answer = await fetch(new URL("atlas.json", import.meta.url)).catch(() => null);
  if (!answer?.ok) {
    here.replaceChildren(el("p", { role: "alert" }, "The runs could not be loaded: reload this page."));
    return;
  }
  new Atlas(here, await answer.json()).open();
}

class Atlas {
  constructor(here, data) {
    Object.assign(this, { data, preset: "", tried: [], laboratory: here.dataset.laboratory });
    const part = (name, className, more = {}) => el(name, { className, ...more });
    this.problem = part("p", "atlas-problem", { role: "alert" });
    this.presets = Object.fromEntries(Object.keys(data.presets).map((name) => [name, el("button", {
      type: "button", onclick: () => this.choose(name, []),
    }, name)]));
    this.remedies = part("div", "atlas-remedies");
    this.words = part("div", "atlas-words", { role: "status" });
    this.numbers = el("div");
    this.link = el("p");
    const curves = part("div", "atlas-curves"), accuracies = part("div", "atlas-accuracies");
    here.replaceChildren(this.problem,
      el("div", { className: "atlas-presets", role: "group", "aria-label": "Presets" }, ...Object.values(this.presets)),
      el("fieldset", {}, el("legend", {}, `Remedies, ${MOST} at most`), this.remedies),
      el("div", { className: "atlas-result" }, this.words, accuracies), curves,
      part("p", "atlas-note", { textContent: "Thin lines: the runs. Thick lines: their median in each epoch." }),
      el("details", {}, el("summary", {}, "The numbers"), this.numbers), this.link);
    this.curves = Object.fromEntries(["loss", "acc"].map((name) => [name, drawCurves(curves, { panels: [name] })]));
    this.accuracies = drawEnds(accuracies);
    window.addEventListener("hashchange", () => {
      if (window.location.hash !== this.written) this.open();
    });
  }

  /** Show what the address asks for. An address that names a place in the page leaves the choice as it is. */
  open() {
    const { hash } = window.location, place = hash.length > 1 && document.getElementById(hash.slice(1));
    const { preset, tried, problem } = asked(place ? "" : hash, this.data);
    if (!place || !this.preset) this.#show(preset, tried);
    this.problem.textContent = problem;
  }

  choose(preset, tried) {
    this.problem.textContent = "";
    this.#show(preset, tried);
    this.written = address({ preset, tried });
    window.history.replaceState(null, "", this.written);
  }

  #show(preset, tried) {
    Object.assign(this, { preset, tried });
    const runs = runsOf(this.data, preset, tried), alone = runsOf(this.data, preset, []);
    for (const [name, button] of Object.entries(this.presets)) button.setAttribute("aria-pressed", name === preset);
    this.#offer();
    const fan = runs.map((history) => ({ name: "", history }));
    const before = tried.length ? [{ name: "without", history: middle(alone) }] : []; // its loss is often off the scale
    this.curves.loss.update(middle(runs), undefined, fan);
    this.curves.acc.update(middle(runs), undefined, [...before, ...fan]);
    const rows = { [preset]: ends(alone), ...(tried.length ? { [`with ${tried.join(" and ")}`]: ends(runs) } : {}) };
    const all = this.data.runs.filter((run) => run.preset === preset);
    this.accuracies(rows, ends(all));
    this.words.replaceChildren(...sentences(preset, tried, runs, alone).map((words) => el("p", {}, words)));
    this.numbers.replaceChildren(numbers(rows, runs));
    this.#lead();
  }

  /** A box for each remedy; those that cannot be added any more are disabled. */
  #offer() {
    const { preset, tried } = this, { remedies } = this.data.presets[preset];
    const boxes = Object.entries(remedies).map(([name, changes]) => {
      const checked = tried.includes(name), more = [...tried, name];
      const disabled = !checked && (more.length > MOST || !runsOf(this.data, preset, more).length);
      const input = el("input", { type: "checkbox", checked, disabled, "data-name": name, onchange: () => {
        this.choose(preset, checked ? tried.filter((other) => other !== name) : more);
        this.remedies.querySelector(`[data-name="${name}"]`).focus();
      } });
      const settings = Object.entries(changes).map(([setting, value]) => `${setting}=${value}`).join(" ");
      return el("label", {}, input, el("span", {}, name, " ", el("code", {}, settings)));
    });
    this.remedies.replaceChildren(...(boxes.length ? boxes : ["Nothing is wrong with these runs."]));
  }

  /** A link to the laboratory, which trains these settings. */
  #lead() {
    if (!this.laboratory) return;
    const { preset, tried } = this, { remedies } = this.data.presets[preset];
    const changes = Object.assign({}, ...tried.map((name) => remedies[name]));
    const words = new URLSearchParams({ preset, ...changes, train: "" });
    this.link.replaceChildren(
      el("a", { href: `${this.laboratory}#${words}` }, "Train one of these runs in the laboratory"), ".");
  }
}

/** The held-out accuracies as a table, with a row for each seed. */
function numbers(rows, runs) {
  const columns = Object.entries(rows), heads = ["seed", ...columns.map(([name]) => name), "diagnosis"];
  const body = runs.map(({ seed, finding }, i) => [seed, ...columns.map(([, values]) => share(values[i])), finding]);
  return table("Held-out accuracy after the last epoch", heads, body);
}

const element = document.getElementById("atlas");
if (element) mount(element);
