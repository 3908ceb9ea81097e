// One case: its curves, and the three questions about it.

import { capital, el } from "./elements.js";
import { drawCurves } from "./curves.js";

/** The curves and the form. onAnswer gets { illness, began, prescription } when all that is needed has been chosen. */
export function caseForm(data, one, onAnswer) {
  const epochs = one.val_loss.length;
  const problem = el("p", { className: "clinic-problem", role: "alert", id: "clinic-problem" });
  const epoch = el("input", { type: "number", min: 1, max: epochs, step: 1, id: "clinic-epoch", inputMode: "numeric" });
  epoch.setAttribute("aria-describedby", "clinic-epoch-help");
  const form = el("form", { noValidate: true },
    choices("illness", "1. What is wrong?",
      Object.entries(data.illnesses).map(([name, { what }]) => [name, name, what])),
    el("fieldset", {}, el("legend", {}, "2. In which epoch did it begin?"),
      el("label", { htmlFor: "clinic-epoch" }, "Epoch "), epoch,
      el("p", { className: "clinic-help", id: "clinic-epoch-help" },
        `From 1 to ${epochs}. Type it, or choose it in the picture of the loss with a click or the arrow keys. `
        + "Leave it empty if nothing begins in a certain epoch.")),
    choices("prescription", "3. What do you prescribe?",
      Object.entries(data.prescriptions).map(([name, { name: title, what }]) => [name, title, what])),
    problem,
    el("button", { type: "submit", className: "clinic-main" }, "Show what happened"),
  );
  const place = el("div");
  const curves = drawCurves(place, { onPick: choose });
  curves.update(one);

  function choose(picked) {
    epoch.value = picked;
    curves.mark(picked);
  }
  epoch.addEventListener("input", () => curves.mark(isEpoch(epoch, epochs) ? epoch.valueAsNumber : null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const illness = form.elements.illness.value, prescription = form.elements.prescription.value;
    const empty = epoch.value === "" && !epoch.validity.badInput;
    const missing = [
      [!illness, "Choose what is wrong.", form.elements.illness[0]],
      [!empty && !isEpoch(epoch, epochs), `The epoch must be a whole number from 1 to ${epochs}, or empty.`, epoch],
      [!prescription, "Choose a prescription.", form.elements.prescription[0]],
    ].find(([wrong]) => wrong);
    problem.textContent = missing ? missing[1] : "";
    if (missing) missing[2].focus();
    else onAnswer({ illness, began: empty ? null : epoch.valueAsNumber, prescription });
  });
  return el("div", {}, place, numbers(one), form);
}

const isEpoch = (field, epochs) =>
  Number.isInteger(field.valueAsNumber) && field.valueAsNumber >= 1 && field.valueAsNumber <= epochs;

function choices(group, question, options) {
  const items = options.map(([value, title, what]) => {
    const input = el("input", { type: "radio", name: group, value });
    return el("label", { className: "clinic-choice" }, input,
      el("span", {}, el("strong", {}, capital(title)), el("span", { className: "clinic-help" }, ` ${what}`)));
  });
  return el("fieldset", {}, el("legend", {}, question), el("div", { className: "clinic-choices" }, ...items));
}

/** The curves as a table, for those who would rather read than look. */
export function numbers(one) {
  const names = { train_loss: "training loss", val_loss: "validation loss", train_acc: "training accuracy",
    val_acc: "validation accuracy" };
  const cells = (epoch) => Object.keys(names).map((name) => el("td", {}, String(one[name][epoch])));
  const rows = one.val_loss.map((_, epoch) =>
    el("tr", {}, el("th", { scope: "row" }, String(epoch + 1)), ...cells(epoch)));
  const heads = ["epoch", ...Object.values(names)].map((words) => el("th", { scope: "col" }, words));
  const content = el("table", {}, el("caption", {}, "Losses in nats, accuracies as shares"),
    el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows));
  const title = "The curves as numbers";
  return el("details", { className: "clinic-numbers" }, el("summary", {}, title),
    el("div", { className: "clinic-wide", tabIndex: 0, role: "region", "aria-label": title }, content));
}
