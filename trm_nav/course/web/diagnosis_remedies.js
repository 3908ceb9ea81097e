// What to try against each finding, from the settings that a run had. The same as trm_nav/diagnosis/remedies.py.

import { repr, significant } from "./diagnosis_numbers.js";
import { tables } from "./diagnosis_tables.js";

const { settings: declared } = tables;

// Each rule gives what to try after the settings `now`, as [what, changes], or nothing.
const RULES = {
  Fixed({ what, changes }, now) {
    const names = Object.keys(changes);
    const open = !names.length || names.some((name) => now[name] !== changes[name]);
    return open ? [what, changes] : null;
  },
  More({ what, setting, table, least, beyond }, now) {
    const value = now[setting];
    const larger = table.find((offered) => offered > value && offered >= least * value);
    if (larger === undefined && beyond === null) return null;
    return [what, { [setting]: larger ?? beyond * value }];
  },
  Less({ what, setting, table }, now) {
    const smaller = table.find((offered) => offered < now[setting]);
    return smaller === undefined ? null : [what, { [setting]: smaller }];
  },
  Double({ what, setting, below }, now) {
    const value = now[setting];
    return below === null || value < below ? [what, { [setting]: 2 * value }] : null;
  },
  MuchLess({ what, setting, table }, now) {
    const value = now[setting];
    const lower = table.filter((offered) => 2 * offered < value);
    return [what, { [setting]: lower.length ? Math.max(...lower) : significant(value / 10, 3) }];
  },
  SmallerModel({ what, halved_from: halvedFrom }, now) {
    if (now.dim >= halvedFrom) return [what, { dim: Math.floor(now.dim / 2) }];
    return now.depth > 1 ? [what, { depth: now.depth - 1 }] : null;
  },
  AnotherSize({ wider, wider_below: widerBelow, small, changes }, now) {
    if (now.dim < widerBelow) return [wider, { dim: 2 * now.dim }];
    return now.dim > changes.dim ? [small, changes] : null;
  },
};

/** The settings of a run, as far as they are known and accepted; as `History.settings`. */
export function settingsOf(history) {
  const given = { ...history.config, num_train: history.mazes };
  return Object.fromEntries(Object.keys(declared).filter((name) => accepts(name, given[name]))
    .map((name) => [name, given[name]]));
}

/** Whether a setting accepts a value; nothing is accepted for a setting that is not known. */
function accepts(name, value) {
  const { kind, choices, ge = -Infinity, gt = -Infinity, le = Infinity, lt = Infinity } = declared[name];
  if (kind === "choice") return choices.includes(value);
  if (kind === "switch") return typeof value === "boolean";
  const isNumber = kind === "int" ? Number.isInteger(value) : typeof value === "number";
  return isNumber && value >= ge && (value > gt || gt === -Infinity) && value <= le && (value < lt || lt === Infinity);
}

/** The remedies for a finding that the run has not used up: each with `what`, its `changes`, and all as `text`. */
export function remediesFor(finding, settings) {
  const defaults = Object.entries(declared).map(([name, setting]) => [name, setting.default]);
  const now = { ...Object.fromEntries(defaults), ...settings };
  const extremes = Object.keys(tables.extreme).filter((name) => now[name] > tables.extreme[name]);
  const cures = extremes.map((name) => tables.cures_of_extremes[name]);
  const first = offered(tables.extremes_first.includes(finding) ? cures : [], now);
  const changed = first.flatMap(([, changes]) => Object.keys(changes));
  const others = offered(tables.remedies[finding], now).filter(
    ([, changes]) => !Object.keys(changes).some((name) => changed.includes(name)),
  );
  return [...first, ...others].map(([what, changes]) => ({ what, changes, text: inWords(what, changes) }));
}

function offered(rules, now) {
  return rules.map((rule) => RULES[rule.rule](rule, now)).filter(
    (remedy) => remedy && Object.entries(remedy[1]).every(([name, value]) => accepts(name, value)),
  );
}

function inWords(what, changes) {
  const words = Object.entries(changes).map(([name, value]) => `\`${name}=${printed(name, value)}\``);
  return words.length ? `${what} (${words.join(" ")})` : what;
}

/** A value as Python prints it. */
function printed(name, value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return declared[name].kind === "float" ? repr(value) : String(value);
}
