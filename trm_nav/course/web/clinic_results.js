// What happened: the truth about a case, three answers side by side, and what every prescription really did.

import { capital, el, percent, points, table, thousands, withCode } from "./elements.js";
import { oddsOf, byChance, ofDiagnosis, outcomes, PARTS, rightPrescriptions, score, tolerance, totals }
  from "./clinic_scores.js";
import { drawCurves } from "./curves.js";

/** Everything about a case that has been answered. */
export function results(data, one, answer) {
  const doctor = ofDiagnosis(one);
  const heading = el("h3", { tabIndex: -1 }, "What happened");
  return el("section", { className: "clinic-results" }, heading, truth(data, one),
    compared(data, one, answer, doctor), effects(data, one, answer, doctor), after(data, one, answer.prescription),
    words(doctor));
}

/** What was wrong, and when it began. */
export function truth(data, one) {
  const family = data.families[one.family];
  const names = one.right.join(" or ");
  const harmless = one.right.includes("healthy") && family.fault !== "healthy";
  const line = inPicture(one) ? ", where the line is" : "";
  const began = one.began === null ? "" : ` It began in epoch ${one.began}${line}: ${data.illnesses[main(one)].began}.`;
  return el("p", { className: "clinic-truth" }, el("strong", {}, `${capital(names)}. `),
    data.faults[family.fault], harmless ? " It did no harm that can be seen in the end." : "", began);
}

/** The beginning, where the picture has it: a loss may also be lost after its last epoch. */
export const inPicture = (one) => (one.began !== null && one.began <= one.val_loss.length ? one.began : null);

const main = (one) => one.right.find((name) => name !== "healthy") ?? "healthy";

/** The answers of the student, of the diagnosis and of chance, part by part. */
function compared(data, one, answer, doctor) {
  const mine = score(data, one, answer), its = score(data, one, doctor), luck = byChance(data, one);
  const rows = Object.entries(PARTS).map(([part, title]) => [title,
    judged(data, part, answer[part], mine[part]), judged(data, part, doctor[part], its[part]),
    luck[part] === null ? "not counted" : percent(luck[part])]);
  const near = one.began === null ? "" : ` A beginning counts as right up to ${tolerance(one)} `
    + `epoch${tolerance(one) === 1 ? "" : "s"} away.`;
  return el("div", {}, table("Three answers", ["question", "you", "diagnose", "right by chance"], rows),
    el("p", { className: "clinic-help" }, `A prescription counts as right if it gains at least half of what the best `
      + `one gains.${near}`));
}

function judged(data, part, value, right) {
  const said = part === "prescription" ? data.prescriptions[value]?.name ?? "another" : value ?? "none";
  const verdict = right === null ? "not counted" : right ? "✓ right" : "✗ wrong";
  const kind = right === null ? "none" : right ? "right" : "wrong";
  return el("span", {}, `${said} `, el("span", { className: `clinic-${kind}` }, verdict));
}

/** Every prescription: what it changed, and how many fresh mazes were right after it. */
export function effects(data, one, answer, doctor) {
  const family = data.families[one.family];
  const found = outcomes(data, family), right = rightPrescriptions(data, one);
  const rows = Object.entries(found).map(([name, { fresh, low, high, gain, same, runs }]) => {
    const spread = high > low ? ` (${percent(low, 1)} to ${percent(high, 1)})` : "";
    const diverged = runs.some((run) => run.diverged) ? ", diverged" : "";
    const marks = [answer?.prescription === name && "you", doctor?.prescription === name && "diagnose",
      right.includes(name) && "✓ counts as right"].filter(Boolean);
    return [data.prescriptions[name].name, changed(one, family, name),
      el("span", {}, bar(fresh), ` ${percent(fresh, 1)}${spread}${diverged}`),
      same ? "the same run" : name === "leave" ? "" : points(gain), marks.join(", ")];
  });
  const seeds = found.leave.runs.length;
  const measured = family.fault === "other-density"
    ? " Only the held-out mazes were wrong. To repair them changes what is said of the network, not the network." : "";
  const heads = ["prescription", "changes", "right on fresh mazes", "gain", "notes"];
  return el("div", {}, table("What each prescription really did", heads, rows),
    el("p", { className: "clinic-help" },
      `Trained again with ${seeds === 1 ? "one seed" : `${seeds} seeds: the mean, and both`}. The fresh mazes, 1,000 `
      + `for each seed, are drawn like the training mazes of a healthy run, and nothing was chosen on them. Healthy `
      + `runs of this kind reach ${percent(family.healthy, 1)} on their held-out mazes.${measured}`));
}

/** The settings that a prescription changes in this run, in words. */
function changed(one, family, name) {
  const changes = family.changes[name];
  if (name === "leave") return "nothing";
  if (!changes) return "nothing to change";
  const now = { ...one.config, num_train: one.mazes };
  const words = Object.entries(changes).map(([setting, value]) =>
    `${setting} ${said(now[setting])} → ${said(value)}`);
  return words.join(", ") || "the fault is repaired";
}

const said = (value) => (typeof value === "boolean" ? (value ? "on" : "off") : String(value));

function bar(share) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 60 10");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", "clinic-bar");
  for (const [kind, width] of [["whole", 60], ["part", 60 * share]]) {
    const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ class: kind, width, height: 10 })) part.setAttribute(key, value);
    picture.append(part);
  }
  return picture;
}

/** The loss of the run after a prescription, which the reader can change. */
function after(data, one, chosen) {
  const family = data.families[one.family];
  const options = Object.entries(data.prescriptions).map(([name, { name: title }]) =>
    el("option", { value: name, selected: name === chosen }, title));
  const select = el("select", { id: "clinic-after" }, ...options);
  const place = el("div"), note = el("p", { className: "clinic-help" });
  const curves = drawCurves(place, { panels: ["loss"] });
  function show() {
    const run = (family.outcomes[select.value] ?? family.outcomes.leave)[0];
    const epochs = run.epochs.at(-1) ?? 1;
    curves.update({ ...spreadOut(run, epochs), chance: one.chance }, epochs);
    note.textContent = run.diverged ? `Its loss is no number after epoch ${run.epochs.at(-1) ?? 0}.` : "";
  }
  select.addEventListener("change", show);
  show();
  return el("div", {}, el("p", {}, el("label", { htmlFor: "clinic-after" }, "The run after "), select), place, note);
}

/** Losses of some epochs as losses of all, on straight lines in between. */
function spreadOut({ epochs: at, train_loss: train, val_loss: val }, epochs) {
  const between = (values) => Array.from({ length: epochs }, (_, i) => {
    const next = Math.max(1, at.findIndex((epoch) => epoch >= i + 1));
    if (at.length < 2) return values[0];
    const share = (i + 1 - at[next - 1]) / (at[next] - at[next - 1]);
    return values[next - 1] + share * (values[next] - values[next - 1]);
  });
  return { train_loss: between(train), val_loss: between(val) };
}

function words({ findings }) {
  const items = findings.map(({ heading, evidence, remedies }) => {
    const first = remedies.length ? ` First remedy: ${remedies[0].text}.` : "";
    return el("li", {}, el("strong", {}, capital(heading)), ...withCode(`: ${evidence}.${first}`));
  });
  return el("div", {}, el("h4", {}, "What diagnose says"), el("ul", { className: "clinic-words" }, ...items));
}

/** The scores of the cases that have been answered. cases and answers have the same order. */
export function summary(data, cases, answers) {
  const done = cases.map((one, i) => [one, answers[i]]).filter(([, answer]) => answer);
  const mine = done.map(([one, answer]) => score(data, one, answer));
  const its = done.map(([one]) => score(data, one, ofDiagnosis(one)));
  const luck = done.map(([one]) => byChance(data, one));
  const [a, b, c] = [mine, its, luck].map(totals);
  const rows = Object.entries(PARTS).map(([part, title]) =>
    [title, `${a[part].right} of ${a[part].of}`, `${b[part].right} of ${b[part].of}`, c[part].right.toFixed(1)]);
  const all = (scores) => Object.values(scores).reduce((sum, { right }) => sum + right, 0);
  const probabilities = luck.flatMap((one) => Object.values(one)).filter((p) => p !== null);
  const most = probabilities.length;
  rows.push(["Together", `${all(a)} of ${most}`, `${all(b)} of ${most}`, all(c).toFixed(1)]);
  return el("section", { className: "clinic-summary" },
    el("h3", {}, done.length === cases.length ? "The round" : `After ${done.length} of ${cases.length} cases`),
    table("Right answers", ["question", "you", "diagnose", "chance, on average"], rows),
    all(a) === 0 ? null : el("p", {},
      `By chance alone somebody gets ${all(a)} or more right in ${rarely(oddsOf(probabilities, all(a)))}.`));
}

function rarely(p) {
  if (p > 0.1) return `${percent(p)} of such rounds`;
  const one = 1 / p;
  if (one > 1e6) return "fewer than one of a million such rounds";
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(one)) - 1);
  return `one of ${thousands(Math.round(one / digits) * digits)} such rounds`;
}
