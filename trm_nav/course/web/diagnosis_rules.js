// The rules of the diagnosis: each looks at the curves of a run for one finding. The same as in
// trm_nav/diagnosis/rules.py, which has the reasons. A finding is [name, epoch or null, evidence].

import { ends, fall, noise, since } from "./diagnosis_curves.js";
import { argmax, argmin, diff, filled, greatest, least, max, mean, min } from "./diagnosis_numbers.js";
import { tables } from "./diagnosis_tables.js";

const { thresholds: limits, evidence } = tables;

/** What a run shows, the gravest first. While it has not finished, what later epochs may still change is left out. */
export function seenIn(run, finished) {
  const faults = faultsOf(run, finished);
  if (faults.length) return faults;
  return [finished ? verdict(run) : ["too short to say", null, evidence["so far"]]];
}

function faultsOf(run, finished) {
  const diverged = diverging(run);
  if (diverged) return [diverged];
  if (run.epochs < limits.shortest) return [];
  const overfitted = overfitting(run);
  if (overfitted.length) return overfitted;
  const others = [oscillating(run), finished && (differentMazes(run) || atChance(run) || crawling(run))];
  return others.filter(Boolean);
}

function diverging(run) {
  const broken = run.train_loss.findIndex((loss, i) => !Number.isFinite(loss) || !Number.isFinite(run.val_loss[i]));
  if (broken >= 0 || run.diverged) {
    return ["diverging", broken >= 0 ? broken + 1 : run.epochs + 1, evidence["no number"]];
  }
  const above = run.train_loss.findIndex((loss) => loss > limits.diverging_loss * run.guess.loss);
  if (above < 0 || least(mean(ends(run.train_acc)), mean(ends(run.val_acc))) >= limits.good) return null;
  const values = { highest: max(run.train_loss), guessing: run.guessing, last: run.last("train_loss") };
  return ["diverging", above + 1, filled(evidence.diverging, values)];
}

function overfitting(run) {
  const found = [];
  const rises = validationLossRises(run);
  const gap = run.last("val_loss") > limits.overfitting_gap_ratio * run.last("train_loss") &&
    run.gap > limits.overfitting_gap;
  if (rises) {
    const best = argmin(run.val_loss);
    const risen = run.last("val_loss") / Math.max(run.val_loss[best], limits.smallest_loss) - 1;
    const said = filled(evidence["validation loss rises"], { risen, accuracies: run.accuracies });
    found.push(["overfitting", best + 2, said]);
  } else if (gap || parted(run)) {
    const start = gap
      ? since(run.train_acc.map((share, i) => share - run.val_acc[i] > limits.begins_at * run.gap))
      : run.epochs - run.part(limits.parted_parts) + 1;
    found.push(["overfitting", start, filled(evidence.gap, run)]);
  }
  const memorised = run.train_acc.map((share) => share >= limits.memorised);
  if ((rises || gap) && memorised.at(-1) && run.gap > limits.overfitting_gap) {
    const said = filled(evidence.memorised, { wrong: 1 - run.last("val_acc") });
    found.push(["memorised", since(memorised), said]);
  }
  return found;
}

function validationLossRises(run) {
  const best = argmin(run.val_loss);
  const lowest = run.val_loss[best];
  const after = Math.min(best + 1, run.epochs - 1);
  const falls = run.last("train_loss") < (1 - limits.overfitting_train_fall) * run.train_loss[after];
  const allowed = greatest(
    limits.overfitting_rise * lowest,
    limits.overfitting_rise_of_guessing * run.guess.loss,
    limits.overfitting_rise_noise * noise(run.val_loss) * lowest,
  );
  return falls && min(ends(run.val_loss)) - lowest > allowed;
}

function parted(run) {
  const epochs = run.part(limits.parted_parts);
  const trainFell = fall(run.train_loss, epochs);
  return trainFell > limits.parted_train_fall &&
    fall(run.val_loss, epochs) < limits.parted_val_fall * trainFell &&
    run.last("val_loss") > limits.parted_ratio * run.last("train_loss") &&
    run.last("val_acc") < limits.very_good;
}

function oscillating(run) {
  const rise = riseOfTheTrainingLoss(run);
  if (rise) return rise;
  const jumps = swings(run.val_loss);
  const top = argmax(jumps);
  const allowed = limits.oscillating_noise * noise(run.val_loss) * run.val_loss[top + 1];
  if (jumps[top] > greatest(limits.oscillating_jump * run.guess.loss, allowed)) return upAndDown("validation", jumps);
  for (const [name, loss] of [["training", run.train_loss], ["validation", run.val_loss]]) {
    const swinging = swings(loss);
    if (mean(swinging) > limits.oscillating_swing * run.guess.loss) return upAndDown(name, swinging);
  }
  return null;
}

function riseOfTheTrainingLoss(run) {
  const loss = run.train_loss;
  const high = limits.oscillating_above * run.guess.loss;
  const rises = diff(loss).map((rise, i) => (loss[i + 1] > high ? rise : 0));
  const before = argmax(rises);
  const allowed = limits.oscillating_noise * noise(loss) * loss[before];
  const recovers = run.last("train_loss") < min(loss.slice(0, before + 1));
  if (!recovers || !(rises[before] > greatest(limits.oscillating_rise * run.guess.loss, allowed))) return null;
  return ["oscillating", before + 2, filled(evidence.rise, { loss: loss[before + 1] })];
}

/** For every epoch but the first and the last: by how much the loss went up to it and down again after it. */
function swings(loss) {
  const steps = diff(loss);
  return steps.slice(0, -1).map((up, i) => Math.max(Math.min(up, -steps[i + 1]), 0));
}

function upAndDown(name, swinging) {
  const most = max(swinging);
  const first = swinging.findIndex((swing) => swing > limits.begins_at * most);
  return ["oscillating", Math.max(first, 0) + 2, filled(evidence["up and down"], { name, most })];
}

function differentMazes(run) {
  if (!run.known) return null;
  const [train, val] = [run.known.train.loss, run.known.val.loss];
  if (Math.abs(val / train - 1) <= limits.different_mazes) return null;
  return ["different mazes", null, filled(evidence["different mazes"], { train, val })];
}

function atChance(run) {
  if (!run.known) return null;
  const [train, val] = [run.train_acc, run.val_acc].map((curve) => mean(curve.slice(-limits.chance_epochs)));
  const guess = greatest(run.known.train.acc, run.known.val.acc);
  if (greatest(train, val) >= guess + limits.chance_margin) return null;
  const values = { accuracies: run.accuracies, guess: run.guess.acc };
  return ["stuck at chance", null, filled(evidence["stuck at chance"], values)];
}

function crawling(run) {
  if (run.lr !== undefined && run.lr >= tables.highest_lr) return null; // the guide has no higher learning rate
  const loss = run.train_loss;
  const guess = run.guess.loss;
  const early = Math.max(1, Math.floor(run.epochs / limits.crawling_parts));
  const last = run.last("train_loss");
  const slow = loss[early] > limits.crawling_early * guess && last > limits.crawling_late * guess;
  const typical = noise(loss) * loss[early];
  const needed = greatest(
    limits.crawling_share * (loss[0] - last),
    limits.crawling_fall * guess,
    limits.crawling_fall_noise * typical,
  );
  const falls = loss[early] < loss[0] && loss[early] - last > needed;
  const steady = max(diff(loss)) < greatest(limits.crawling_rise * guess, limits.oscillating_noise * typical);
  if (!(slow && falls && steady)) return null;
  const values = { early: early + 1, epochs: run.epochs, loss: loss[early], guessing: run.guessing, last };
  return ["crawling", null, filled(evidence.crawling, values)];
}

/** What can be said of a finished run without a fault in its course. */
function verdict(run) {
  const say = (name, values, epoch = null) => [name, epoch, filled(evidence[name], values)];
  if (run.epochs < limits.shortest) {
    return say("too short to say", { epochs: run.epochs, shortest: limits.shortest });
  }
  const epochs = run.part(limits.verdict_parts);
  const [fell, wobble] = [fall(run.val_loss, epochs), noise(run.val_loss)];
  const hidden = wobble > limits.too_noisy && Math.abs(fell) < limits.too_noisy_fall * wobble;
  const veryGood = run.last("val_acc") >= limits.very_good;
  const { guessing, accuracies } = run;
  if (!veryGood && hidden) return say("too noisy to say", { wobble, fell: Math.abs(fell), epochs });
  if (!veryGood && fell > limits.still_improving) return say("still improving", { fell, epochs, accuracies });
  const values = { train: run.last("train_loss"), val: run.last("val_loss"), guessing, accuracies };
  if (least(run.last("train_acc"), run.last("val_acc")) < limits.good) {
    return say("underfitting", values, flatSince(run.train_loss));
  }
  return say("healthy", values);
}

function flatSince(loss) {
  const last = loss.at(-1);
  const allowed = greatest(limits.flat * (max(loss) - last), limits.flat_noise * noise(loss) * last);
  return since(loss.map((value) => Math.abs(value - last) <= allowed));
}
