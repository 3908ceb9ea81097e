// The instructor's sheet: every case of a round with its answer, to be printed.

import { el } from "./elements.js";
import { effects, inPicture, truth } from "./clinic_results.js";
import { rightPrescriptions } from "./clinic_scores.js";
import { drawCurves } from "./curves.js";

/** All cases, and above them a button to print and the way back to the questions, at `questions`. */
export function sheet(data, cases, questions) {
  return el("div", { className: "clinic-sheet" },
    el("p", {}, "For the instructor. A beginning counts as right up to a tenth of the epochs away, and at least one."),
    el("p", { className: "clinic-screen" },
      el("button", { type: "button", onclick: () => window.print() }, "Print"), " ",
      el("a", { href: questions }, "Back to the questions")),
    ...cases.map((one, i) => {
      const place = el("div");
      const curves = drawCurves(place);
      curves.update(one);
      curves.mark(inPicture(one));
      const right = rightPrescriptions(data, one).map((name) => data.prescriptions[name].name);
      return el("section", {}, el("h3", {}, `Case ${i + 1}`), place, truth(data, one),
        el("p", {}, el("strong", {}, "Right prescriptions: "), `${right.join(", ")}.`), effects(data, one));
    }));
}
