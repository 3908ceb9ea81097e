// The diagnosis in a page: what a history of losses and accuracies shows, and what to try next. It says word for word
// what `trm_nav.diagnose` says; tests/course/test_page_diagnosis.py compares them.

import { curvesOf } from "./diagnosis_curves.js";
import { remediesFor, settingsOf } from "./diagnosis_remedies.js";
import { seenIn } from "./diagnosis_rules.js";

/**
 * What the history shows, the most important finding first; there is always at least one.
 *
 * history: the lists train_loss, train_acc, val_loss and val_acc, one number an epoch, and if they are known `chance`,
 * `diverged`, `mazes` and `config`, as in a history.json. A loss that is NaN or null has diverged.
 * finished: whether the run has ended. While it goes on, only what later epochs cannot change is found.
 * Each finding has a `name`, the `epoch` in which it began or null, its `evidence`, its `heading`, and its `remedies`:
 * what to try, in this order, each as `what`, its `changes` of settings, and both as `text`.
 */
export function diagnose(history, finished = true) {
  const settings = settingsOf(history);
  return seenIn(curvesOf(history, settings.lr), finished).map(([name, epoch, evidence]) => ({
    name,
    epoch,
    evidence,
    heading: epoch === null ? name : `${name} since epoch ${epoch}`,
    remedies: remediesFor(name, settings),
  }));
}
