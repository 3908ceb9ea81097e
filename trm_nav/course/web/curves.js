// Training curves as SVG: training solid, validation dashed, the gap between them shaded. The clinic draws finished
// runs with them, and a page that trains calls `update` after every epoch: only what changes is set, nothing flickers.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 400, HEIGHT = 250, LEFT = 50, RIGHT = 12, TOP = 26, BOTTOM = 40; // in the units of the picture
const PANELS = {
  loss: { title: "Loss", label: "loss (nats)", train: "train_loss", val: "val_loss", chance: "loss" },
  acc: { title: "Accuracy", label: "accuracy", train: "train_acc", val: "val_acc", chance: "acc" },
};
const ALIKE = 8; // units of the picture; two levels of guessing that are closer are drawn as one line

/**
 * Put curves into an element. curves.css must be loaded.
 *
 * panels: "loss", "acc" or both. onPick: if given, the first panel is a slider: a click or the arrow keys choose an
 * epoch, and onPick gets it. Returns { update(history, epochs, others), mark(epoch) }; update draws a history with the
 * lists train_loss, train_acc, val_loss and val_acc, and `chance` if it is known, on an axis of so many epochs (those of
 * the history if left out), and fainter the others, each { name, history }: of one with a name the validation curve, with
 * the name at its end, of one without a name both. mark draws a line at an epoch, none for null.
 */
export function drawCurves(here, { panels = ["loss", "acc"], onPick } = {}) {
  const box = html("div", "trm-curves");
  const drawn = panels.map((name, i) => panel(box, PANELS[name], i === 0 ? onPick : undefined));
  box.append(legend());
  here.append(box);
  return {
    update(history, epochs = history.val_loss.length, others = []) {
      for (const one of drawn) one.update(history, Math.max(epochs, 1), others);
    },
    mark(epoch) {
      for (const one of drawn) one.mark(epoch);
    },
  };
}

/** What a panel shows, in words: both curves with their ends, and where the validation curve is best. */
export function inWords(kind, history) {
  const { title, train, val } = PANELS[kind];
  const epochs = history[val].length;
  if (!epochs) return `${title}: no epoch is finished yet.`;
  const said = (value) => reading(kind, value);
  const course = (name, values) => `${name} from ${said(values[0])} to ${said(values.at(-1))}`;
  const order = kind === "loss" ? Math.min : Math.max;
  const best = order(...history[val].filter(Number.isFinite));
  const extreme = kind === "loss" ? "lowest" : "highest", epoch = history[val].indexOf(best) + 1;
  const where = epoch ? `; the validation curve is ${extreme} in epoch ${epoch}, at ${said(best)}` : "";
  const count = `${epochs} epoch${epochs === 1 ? "" : "s"}`, trained = course("training", history[train]);
  return `${title} over ${count}: ${trained}, ${course("validation", history[val])}${where}.`;
}

function reading(kind, value) {
  if (!Number.isFinite(value)) return "no number";
  return kind === "loss" ? `${value.toPrecision(3)} nats` : `${Math.round(100 * value)}%`;
}

function panel(box, names, onPick) {
  const kind = names.chance;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: onPick ? "slider" : "img" });
  const text = (x, y, words, more) => Object.assign(svg("text", { x, y, ...more }), { textContent: words });
  const axes = svg("g", { class: "axes" }), levels = svg("g", { class: "levels" }), more = svg("g", {});
  const gap = svg("path", { class: "gap" }), marker = svg("line", { class: "marker", y1: TOP, y2: HEIGHT - BOTTOM });
  const lines = { train: svg("path", { class: "train" }), val: svg("path", { class: "validation" }) };
  marker.setAttribute("visibility", "hidden");
  picture.append(
    text(LEFT, 15, names.label, { class: "label" }),
    text(WIDTH - RIGHT, HEIGHT - 6, "epoch", { class: "label", "text-anchor": "end" }),
    axes, levels, gap, more, lines.train, lines.val, marker,
  );
  box.append(picture);
  let state = { history: { [names.train]: [], [names.val]: [] }, epochs: 1, picked: null };
  const x = (epoch) => LEFT + ((epoch - 1) / Math.max(1, state.epochs - 1)) * (WIDTH - LEFT - RIGHT);

  function update(history, epochs, others) {
    state = { ...state, history, epochs };
    const chance = [history.chance?.train?.[kind], history.chance?.val?.[kind]].filter(Number.isFinite);
    const fan = others.filter(({ name }) => !name).map((other) => other.history); // other seeds of the same run
    const values = [history, ...fan].flatMap((one) => [...one[names.train], ...one[names.val]]).concat(chance)
      .filter(Number.isFinite);
    const highest = kind === "acc" ? 1 : 1.05 * Math.max(...values, 0.1);
    const y = (value) => HEIGHT - BOTTOM - (value / highest) * (HEIGHT - TOP - BOTTOM);
    const tall = round(highest), key = `${epochs} ${tall}`;
    if (axes.dataset.key !== key) {
      axes.dataset.key = key;
      axes.replaceChildren(...yAxis(kind, highest, y), ...xAxis(epochs, x));
    }
    levels.replaceChildren(...guessing(chance, y));
    const cut = (value) => y(Math.min(value, highest)); // the scale is that of the first history
    more.replaceChildren(...others.flatMap((other) => fainter(other, names, epochs, x, cut)));
    lines.train.setAttribute("d", path(history[names.train], x, y));
    lines.val.setAttribute("d", path(history[names.val], x, y));
    gap.setAttribute("d", area(history[names.train], history[names.val], x, y));
    picture.setAttribute("aria-label", inWords(kind, history) + (onPick ? " Arrow keys choose an epoch." : ""));
    mark(state.picked);
  }

  function mark(epoch) {
    state.picked = epoch;
    marker.setAttribute("visibility", epoch === null ? "hidden" : "visible");
    if (epoch !== null) for (const name of ["x1", "x2"]) marker.setAttribute(name, round(x(epoch)));
    if (!onPick) return;
    const at = (name) => reading(kind, state.history[name][epoch - 1]);
    const words = epoch === null
      ? "no epoch chosen"
      : `epoch ${epoch} of ${state.epochs}: training ${at(names.train)}, validation ${at(names.val)}`;
    const values = { min: 1, max: state.epochs, now: epoch ?? 1, text: words };
    for (const [name, value] of Object.entries(values)) picture.setAttribute(`aria-value${name}`, value);
  }

  if (onPick) listen(picture, () => state, (across) => {
    const share = (across * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    return 1 + Math.round(Math.min(1, Math.max(0, share)) * (state.epochs - 1));
  }, onPick);
  return { update, mark };
}

/** Let a click and the arrow keys choose an epoch. */
function listen(picture, state, epochAt, onPick) {
  picture.setAttribute("tabindex", 0);
  picture.classList.add("pick");
  picture.addEventListener("click", (event) => {
    const { left, width } = picture.getBoundingClientRect();
    onPick(epochAt((event.clientX - left) / width));
  });
  picture.addEventListener("keydown", (event) => {
    const { picked, epochs } = state();
    const far = Math.max(1, Math.round(epochs / 10));
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -far, PageUp: far };
    const ends = { Home: 1, End: epochs };
    if (!(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    const next = ends[event.key] ?? (picked === null ? 1 : picked + steps[event.key]);
    onPick(Math.min(epochs, Math.max(1, next)));
  });
}

function yAxis(kind, highest, y) {
  const step = kind === "acc" ? 0.25 : nice(highest / 4);
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  return ticks(0, highest, step).flatMap((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: round(y(value)), y2: round(y(value)) }),
    tick(LEFT - 6, y(value) + 4, "end", kind === "acc" ? `${100 * value}%` : value.toFixed(places)),
  ]);
}

function xAxis(epochs, x) {
  const step = Math.max(1, Math.ceil(nice(epochs / 6)));
  const at = [1, ...ticks(step, epochs, step).filter((epoch) => epoch > 1 + step / 2)];
  const base = HEIGHT - BOTTOM;
  return at.flatMap((epoch) => [
    svg("line", { class: "stroke", x1: round(x(epoch)), x2: round(x(epoch)), y1: base, y2: base + 4 }),
    tick(x(epoch), base + 17, "middle", epoch),
  ]);
}

/** Another history, as far as the axis goes. */
function fainter({ name, history }, names, epochs, x, y) {
  const line = (values, kind) => svg("path", { class: `${kind} fainter`, d: path(values.slice(0, epochs), x, y) });
  const validation = history[names.val].slice(0, epochs), last = validation.findLastIndex(Number.isFinite);
  if (!name) return [line(history[names.train], "train"), line(validation, "validation")];
  const words = last < 0 ? [] : [tick(x(last + 1) - 2, y(validation[last]) - 4, "end", name)];
  return [line(validation, "validation earlier"), ...words];
}

/** The level of guessing as a dotted line; two lines, each with its name, where training and validation differ. */
function guessing(chance, y) {
  if (!chance.length) return [];
  const [train, val = train] = chance;
  const one = Math.abs(y(val) - y(train)) < ALIKE;
  const lines = one ? [[train, "guessing"]] : [[train, "guessing, training"], [val, "guessing, validation"]];
  return lines.flatMap(([value, name]) => {
    const below = !one && value === Math.min(train, val);
    const words = svg("text", { x: WIDTH - RIGHT, y: round(y(value) + (below ? 13 : -4)), "text-anchor": "end" });
    words.textContent = name;
    return [svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: round(y(value)), y2: round(y(value)) }), words];
  });
}

function path(values, x, y) {
  let pen = "M";
  return values.map((value, i) => {
    if (!Number.isFinite(value)) return (pen = "M") && "";
    const point = `${pen}${round(x(i + 1))} ${round(y(value))}`;
    pen = "L";
    return values.length === 1 ? `${point}h3` : point; // a single epoch is a short dash
  }).join("");
}

function area(above, below, x, y) {
  const both = above.map((_, i) => i).filter((i) => Number.isFinite(above[i]) && Number.isFinite(below[i]));
  if (both.length < 2) return "";
  const corner = (values) => (i) => `${round(x(i + 1))} ${round(y(values[i]))}`;
  return `M${both.map(corner(above)).join("L")}L${both.reverse().map(corner(below)).join("L")}Z`;
}

const ticks = (first, last, step) =>
  Array.from({ length: Math.floor((last - first) / step + 1e-9) + 1 }, (_, i) => first + i * step);

/** 1, 2 or 5 times a power of ten, not less than the value. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((times) => times * power >= value * (1 - 1e-9)) * power;
}

const round = (value) => Math.round(100 * value) / 100;

function tick(x, y, anchor, words) {
  const text = svg("text", { x: round(x), y: round(y), "text-anchor": anchor });
  text.textContent = words;
  return text;
}

function legend() {
  const list = html("ul", "trm-curves-legend");
  const entries = { train: "training", validation: "validation", gap: "gap between them", level: "guessing" };
  for (const [name, words] of Object.entries(entries)) {
    const sample = svg("svg", { viewBox: "0 0 30 12", "aria-hidden": "true" });
    sample.append(svg("path", { class: name, d: name === "gap" ? "M0 1h30v10h-30z" : "M0 6h30" }));
    const item = html("li");
    item.append(sample, words);
    list.append(item);
  }
  return list;
}

function svg(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function html(name, className = "") {
  return Object.assign(document.createElement(name), { className });
}
