// What is right in a case, for the student, for the diagnosis, and by chance.
//
// An answer is { illness, began, prescription }: a name of `illnesses`, an epoch or null, a name of `prescriptions`.
// A score is { illness, began, prescription }: true or false, and null where there is nothing to be right about.

import { diagnose } from "./diagnosis.js";

export const PARTS = { illness: "Illness", began: "Beginning", prescription: "Prescription" };
const SAME = { "still improving": "healthy" }; // findings that the clinic does not tell apart
const CAUSE = "other-density"; // the fault that only the measurement suffers from
const LEAVE = "leave", REPAIR = "check";

/**
 * Every prescription with what it really did to the runs of a family: { fresh, held, gain, low, high, same }.
 *
 * fresh: mean accuracy on fresh mazes, low and high over the seeds; gain: how much more than the same runs left as they
 * were; same: it changes nothing in this family, and its outcome is that of the run left as it is.
 */
export function outcomes({ prescriptions }, family) {
  const left = family.outcomes[LEAVE];
  return Object.fromEntries(Object.keys(prescriptions).map((name) => {
    const runs = family.outcomes[name] ?? left;
    const accuracies = runs.map(({ fresh }) => fresh);
    const before = runs.map(({ seed }) => left.find((run) => run.seed === seed).fresh);
    return [name, {
      fresh: mean(accuracies), low: Math.min(...accuracies), high: Math.max(...accuracies),
      gain: mean(accuracies) - mean(before), same: !(name in family.outcomes), runs,
    }];
  }));
}

/** The prescriptions that count as right: those that gain at least half of what the best one gains. */
export function rightPrescriptions(data, one) {
  const family = data.families[one.family];
  if (family.fault === CAUSE) return [REPAIR];
  const found = Object.entries(outcomes(data, family));
  const best = Math.max(...found.map(([, { gain }]) => gain));
  if (best < data.harm) return [LEAVE];
  const right = found.filter(([, { gain }]) => gain >= best / 2).map(([name]) => name);
  return family.fault === "healthy" ? [LEAVE, ...right] : right;
}

/** How many epochs an answer may be away from the beginning. */
export const tolerance = (one) => Math.max(1, Math.round(one.val_loss.length / 10));

export const isNear = (one, epoch) => epoch !== null && Math.abs(epoch - one.began) <= tolerance(one);

export function score(data, one, answer) {
  return {
    illness: one.right.includes(answer.illness),
    began: one.began === null ? null : isNear(one, answer.began),
    prescription: rightPrescriptions(data, one).includes(answer.prescription),
  };
}

/** How often somebody is right who chooses each answer at random, all with the same probability. */
export function byChance(data, one) {
  const epochs = Array.from({ length: one.val_loss.length }, (_, i) => i + 1);
  return {
    illness: one.right.length / Object.keys(data.illnesses).length,
    began: one.began === null ? null : epochs.filter((epoch) => isNear(one, epoch)).length / epochs.length,
    prescription: rightPrescriptions(data, one).length / Object.keys(data.prescriptions).length,
  };
}

/** The answer of the diagnosis: its first finding, and the prescription that is nearest to its first remedy. */
export function ofDiagnosis(one) {
  const findings = diagnose(one);
  const { name, epoch, remedies } = findings[0];
  const prescription = remedies.length ? prescriptionOf(remedies[0].changes, one) : LEAVE;
  return { illness: SAME[name] ?? name, began: epoch, prescription, findings };
}

function prescriptionOf(changes, { config, mazes }) {
  const now = { ...config, num_train: mazes };
  const [name] = Object.keys(changes);
  const more = changes[name] > now[name];
  const known = {
    augment: "augment", supervision: "labels", num_train: "data",
    dropout: more ? "regularise" : "relax", weight_decay: more ? "regularise" : "relax",
    dim: more ? "wider" : null, lr: more ? "faster" : "slower",
  };
  return name === undefined ? REPAIR : known[name] ?? null;
}

/** For each part, of how many cases there is one, and how many are right; of true or false, or of probabilities. */
export function totals(scores) {
  return Object.fromEntries(Object.keys(PARTS).map((part) => {
    const counted = scores.map((one) => one[part]).filter((value) => value !== null);
    return [part, { of: counted.length, right: counted.reduce((sum, value) => sum + Number(value), 0) }];
  }));
}

/** The probability of at least so many successes, of independent ones with these probabilities. */
export function oddsOf(probabilities, successes) {
  let exactly = [1];
  for (const p of probabilities) {
    exactly = [...exactly, 0].map((value, k) => value * (1 - p) + (k ? exactly[k - 1] * p : 0));
  }
  return exactly.slice(successes).reduce((sum, value) => sum + value, 0);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
