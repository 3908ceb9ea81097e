// What the laboratory says of a run in words: how far it is, what it shows, one line for the list, the same in PyTorch.

import { diagnose } from "./diagnosis.js";
import { capital, el, percent, thousands } from "./elements.js";

const COUNT = { 2: "Two", 3: "Three" };

/** What is found in a run so far; nothing before its first epoch. */
export function findingsOf(run) {
  const record = run.records[0] ?? run.record;
  if (!record?.val_loss.length && !record?.diverged) return [];
  return diagnose(record, run.records.length > 0 && run.why !== "stopped");
}

/** How far a run is, and how many parameters there are for each label. */
export function status(run) {
  const seed = run.records.length && run.state === "running" ? `seed ${run.records.length + 1} · ` : "";
  const epoch = run.record?.val_loss.length ?? 0;
  const sizes = run.parameters
    ? ` · ${thousands(run.parameters)} parameters for ${thousands(run.labels)} labels: `
      + `${Number((run.parameters / run.labels).toPrecision(2))} per label`
    : "";
  return `Run ${run.number} · ${seed}epoch ${epoch} of ${run.settings.epochs}${sizes}`;
}

/** The findings, a paragraph each; where several seeds have ended, how far chance moves them; what cannot go on. */
export function diagnosis(run) {
  const parts = findingsOf(run).map(({ heading, evidence }) =>
    el("p", {}, el("strong", {}, `${capital(heading)}. `), `${capital(evidence)}.`));
  const ends = run.records.map((record) => record.val_acc.at(-1)).filter(Number.isFinite);
  if (ends.length > 1) {
    const points = Math.round(100 * (Math.max(...ends) - Math.min(...ends)));
    const listed = ends.map((share) => percent(share)).join(", ");
    parts.push(el("p", {}, el("strong", {}, `${COUNT[ends.length]} seeds. `),
      `Held-out accuracies ${listed}. Chance alone moves them by ${points} points: what a remedy `
      + "changes by less may be luck."));
  }
  return parts;
}

/** One line for the list of runs, with the preset and the result first. */
export function label(run, table) {
  const record = run.records[0] ?? run.record, accuracy = record?.val_acc.at(-1);
  const result = accuracy === undefined ? "" : `${percent(accuracy)} held-out, `;
  const outcome = run.why === "stopped" ? "stopped" : findingsOf(run)[0]?.name ?? "stopped";
  return `${named(run.settings, table)}: ${result}${outcome}`;
}

/** The preset, if the settings begin with one, and what differs from it or else from the defaults. */
function named(settings, table) {
  const preset = presetOf(settings, table), base = { ...table.defaults, ...table.presets[preset] };
  const words = Object.entries(settings).filter(([name, value]) => value !== base[name])
    .map(([name, value]) => `${name}=${value}`);
  return [preset, ...words].filter(Boolean).join(" ") || "default settings";
}

/** The preset whose settings these are, or "". */
export function presetOf(settings, table) {
  const is = ([, preset]) => Object.entries(preset).every(([name, value]) => settings[name] === value);
  return Object.entries(table.presets).find(is)?.[0] ?? "";
}

/** The command that trains with the same settings in PyTorch. */
export function command(settings) {
  const given = { ...settings, patience: settings.patience ?? settings.epochs };
  const word = (value) => (typeof value === "boolean" ? capital(String(value)) : value);
  const words = Object.entries(given).filter(([, value]) => value !== null)
    .map(([name, value]) => `-p ${name} ${word(value)}`);
  return `papermill notebooks/04_train.ipynb out.ipynb ${words.join(" ")}`;
}
