// A maze with a policy as SVG: an arrow in every free cell, the wrong ones red in a red frame; the agent ringed, the goal
// a star. The colours are in laboratory.css.

const SVG = "http://www.w3.org/2000/svg";
const WALL = 1, GOAL = 2; // tokens, as in trm_nav/mazes/encoding.py
const ACTIONS = 5, STAY = 4;
const TURNS = [0, 180, 270, 90]; // degrees, of up, down, left and right
const NAMES = ["up", "down", "left", "right", "stay"];

/**
 * Put a picture into an element. Returns a function that draws a policy as the trainer sends it (`tokens`, `agent`,
 * `optimal`, and `logits` or `actions`), or nothing yet for null.
 *
 * title: such as "A training maze". It and what is right are the picture's text alternative.
 */
export function drawPolicies(here, title) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const picture = make("svg", { role: "img", viewBox: "0 0 8 8" });
  figure.className = "trm-policy";
  figure.append(caption, picture);
  here.append(figure);
  return (policy) => {
    const words = inWords(title, policy);
    caption.textContent = words.caption;
    picture.setAttribute("aria-label", words.alternative);
    picture.replaceChildren(...(policy ? cells(policy, picture) : []));
  };
}

function inWords(title, policy) {
  if (!policy) return { caption: title, alternative: `${title}: no epoch is finished yet.` };
  const { optimal, agent } = policy, actions = actionsOf(policy);
  const labelled = [...optimal.keys()].filter((cell) => optimal[cell]);
  const right = labelled.filter((cell) => isRight(policy, actions, cell)).length;
  const caption = `${title}: ${right} of ${labelled.length} arrows right`;
  const verdict = isRight(policy, actions, agent) ? "right" : "wrong";
  return { caption, alternative: `${caption}; in the agent's cell ${NAMES[actions[agent]]}, which is ${verdict}.` };
}

/** The action with the highest logit in every cell. */
function actionsOf({ actions, logits, tokens }) {
  return actions ?? Array.from(tokens, (_, cell) => {
    const own = logits.subarray(ACTIONS * cell, ACTIONS * (cell + 1));
    return own.indexOf(Math.max(...own));
  });
}

const isRight = ({ optimal }, actions, cell) => Boolean(optimal[cell] & (1 << actions[cell]));

function cells(policy, picture) {
  const { tokens, agent, optimal } = policy, side = Math.sqrt(tokens.length), actions = actionsOf(policy);
  picture.setAttribute("viewBox", `0 0 ${side} ${side}`);
  const parts = [make("rect", { class: "floor", width: side, height: side })];
  tokens.forEach((token, cell) => {
    const x = cell % side, y = Math.floor(cell / side), middle = `translate(${x + 0.5} ${y + 0.5})`;
    if (token === WALL) {
      parts.push(make("rect", { class: "wall", x, y, width: 1.01, height: 1.01 }));
      return;
    }
    const wrong = optimal[cell] && !isRight(policy, actions, cell);
    if (wrong) parts.push(make("rect", { class: "frame", x: x + 0.06, y: y + 0.06, width: 0.88, height: 0.88 }));
    if (cell === agent) parts.push(make("circle", { class: "agent", cx: x + 0.5, cy: y + 0.5, r: 0.43 }));
    if (token === GOAL) parts.push(make("path", { class: "goal", d: STAR, transform: middle }));
    if (token !== GOAL || wrong) parts.push(arrow(actions[cell], middle, wrong, optimal[cell]));
  });
  return parts;
}

const STAR = (() => {
  const points = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 ? 0.17 : 0.42, angle = (Math.PI * i) / 5;
    return `${(radius * Math.sin(angle)).toFixed(3)} ${(-radius * Math.cos(angle)).toFixed(3)}`;
  });
  return `M${points.join("L")}Z`;
})();

function arrow(action, middle, wrong, labelled) {
  const name = wrong ? "wrong" : labelled ? "right" : "unasked";
  if (action === STAY) return make("circle", { class: `dot ${name}`, r: 0.12, transform: middle });
  const d = "M0 .28V-.26M-.17-.08 0-.28 .17-.08"; // points up
  return make("path", { class: `arrow ${name}`, d, transform: `${middle} rotate(${TURNS[action]})` });
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
