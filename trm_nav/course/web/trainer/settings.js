// The settings of a run: their defaults, the presets, and what they accept, as `python -m trm_nav.course.web.presets`
// exported them.

/** The table: `defaults`, `presets`, and what each of the `settings` accepts. */
export async function loadSettings() {
  const answer = await fetch(new URL("settings.json", import.meta.url));
  if (!answer.ok) throw new Error(`The file settings.json could not be loaded (status ${answer.status}).`);
  return answer.json();
}

/** All settings, with defaults for those not given. Throws an Error with a sentence for the first that does not fit. */
export function checked(table, given) {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(table.settings, name)) throw new Error(`There is no setting \`${name}\` in this page.`);
    const left = value === null && table.defaults[name] === null;
    if (!left && !fits(table.settings[name], value)) {
      throw new Error(`\`${name}\` must be ${table.settings[name].accepted}, not ${JSON.stringify(value)}.`);
    }
  }
  const all = { ...table.defaults, ...given };
  const met = ([name, value]) => (typeof value === "number" ? all[name] > 0 : all[name] === value);
  const refused = table.refused.find(({ when }) => Object.entries(when).every(met));
  if (refused) throw new Error(`${refused.sentence}.`);
  return all;
}

function fits({ kind, choices, ge = -Infinity, gt = -Infinity, le = Infinity, lt = Infinity }, value) {
  if (kind === "choice") return choices.includes(value);
  if (kind === "switch") return typeof value === "boolean";
  const number = kind === "int" ? Number.isInteger(value) : Number.isFinite(value);
  return number && value >= ge && value > gt && value <= le && value < lt;
}
