// The blind clinic: curves of runs with a known fault, without their names. The reader names the illness, says when it
// began, prescribes, and sees what that prescription really did. The page is the address: #seed=7&case=3, ?sheet.

import { caseForm, numbers } from "./clinic_case.js";
import { el } from "./elements.js";
import { inPicture, results, summary } from "./clinic_results.js";
import { address, anySeed, asked, CASES, roundOf } from "./clinic_rounds.js";
import { PARTS, score } from "./clinic_scores.js";
import { sheet } from "./clinic_sheet.js";
import { drawCurves } from "./curves.js";

/** Start the clinic in an element. Returns when its first case is there. */
export async function mount(here) {
  const data = await load();
  if (!data) {
    here.replaceChildren(el("p", { role: "alert" }, "The cases could not be loaded: reload this page."));
    return;
  }
  const problem = el("p", { className: "clinic-problem", role: "alert" });
  const status = el("p", { className: "clinic-spoken", role: "status" });
  const page = el("div");
  here.classList.add("trm-clinic");
  here.replaceChildren(problem, status, page);
  let focusNext = false; // whether the next page comes from a key or a click inside the clinic

  function show() {
    const { seed, number, sheet: wanted, problem: sentence } = asked(window.location);
    problem.textContent = sentence;
    const cases = roundOf(seed, data.cases), answers = recall(seed, data);
    if (wanted) {
      const questions = window.location.pathname + address(seed, 1);
      page.replaceChildren(el("h2", {}, `Round ${seed}: the answers`), sheet(data, cases, questions));
      return;
    }
    const one = cases[number - 1], given = answers[number - 1];
    const heading = el("h2", { tabIndex: -1 }, `Case ${number} of ${CASES}`);
    const content = given ? answered(one, given) : caseForm(data, one, (said) => {
      answers[number - 1] = said;
      keep(seed, answers);
      show();
      status.textContent = spoken(score(data, one, said));
      page.querySelector(".clinic-results h3").focus();
    });
    page.replaceChildren(list(seed, number, answers), heading, content, ...(answers.some(Boolean)
      ? [summary(data, cases, answers)] : []), foot(seed, number, given));
    if (focusNext) heading.focus();
    focusNext = false;
  }

  function answered(one, given) {
    const place = el("div");
    const curves = drawCurves(place);
    curves.update(one);
    curves.mark(inPicture(one));
    return el("div", {}, place, numbers(one), results(data, one, given));
  }

  function go(seed, number) {
    focusNext = true;
    status.textContent = "";
    if (window.location.hash === address(seed, number)) show();
    else window.location.hash = address(seed, number);
  }

  function foot(seed, number, given) {
    const button = (words, action, className = "") =>
      el("button", { type: "button", className, onclick: action }, words);
    const sheetAddress = `?sheet${address(seed, 1)}`;
    return el("div", { className: "clinic-foot" },
      given && number < CASES ? button("Next case", () => go(seed, number + 1), "clinic-main") : null,
      button("Another round", () => go(anySeed(), 1)),
      button("Start this round over", () => { keep(seed, []); go(seed, 1); }),
      el("p", { className: "clinic-help" },
        `This is round ${seed}. Everybody with this address gets the same ten cases. `,
        el("a", { href: sheetAddress }, "The answers, for the instructor")));
  }

  function list(seed, number, answers) {
    const items = Array.from({ length: CASES }, (_, i) => {
      const link = el("a", { href: address(seed, i + 1), onclick: () => { focusNext = true; } }, String(i + 1));
      link.setAttribute("aria-label", `Case ${i + 1}${answers[i] ? ", answered" : ""}`);
      if (i + 1 === number) link.setAttribute("aria-current", "page");
      if (answers[i]) link.append(" ✓");
      return el("li", {}, link);
    });
    return el("nav", { "aria-label": "The cases of this round" }, el("ol", { className: "clinic-list" }, ...items));
  }

  window.addEventListener("hashchange", show);
  show();
}

/** The cases and what was measured; null if they cannot be had. */
async function load() {
  try {
    const answer = await fetch(new URL("clinic.json", import.meta.url));
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function spoken(judged) {
  const said = { true: "right", false: "wrong", null: "not counted" };
  return Object.entries(PARTS).map(([part, title]) => `${title} ${said[judged[part]]}.`).join(" ");
}

const memory = new Map(); // seed -> answers; the browser's own memory, if it gives us one, outlives a reload

/** The answers of a round, as far as they are answers. */
function recall(seed, data) {
  let kept = memory.get(seed);
  try {
    kept ??= JSON.parse(window.sessionStorage.getItem(`trm-clinic-${seed}`));
  } catch {
    // Forbidden, or written by somebody else.
  }
  const usable = (one) => one && one.illness in data.illnesses && one.prescription in data.prescriptions;
  return Array.isArray(kept) ? kept.slice(0, CASES).map((one) => (usable(one) ? one : undefined)) : [];
}

function keep(seed, answers) {
  memory.set(seed, answers);
  try {
    window.sessionStorage.setItem(`trm-clinic-${seed}`, JSON.stringify(answers));
  } catch {
    // The page works without it.
  }
}

const here = document.getElementById("clinic");
if (here) await mount(here);
