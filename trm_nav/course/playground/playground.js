/**
 * A maze that the reader draws, and a trained network that solves it in the page.
 *
 * JupyterLab loads this module through anywidget, which calls `render` of the default export. A page without Python
 * imports `mount` and passes it the weights from a JSON file. anywidget loads one file, so `widget.py` joins the
 * modules; their names therefore must not clash.
 *
 * @typedef {import("./mazes.js").MazeJSON} MazeJSON
 */

import { keep } from "./keys.js";
import { SMALLEST, LARGEST, beside, distances, perfectMaze, randomMaze, readMaze, resized } from "./mazes.js";
import { shortestPath, writeMaze, ACTIONS } from "./mazes.js";
import { isDecided, mistakes, readWeights, solve, walk } from "./network.js";
import { Picture } from "./picture.js";

const PLAY_SECONDS = 5, SLOWEST_STEP = 150; // how long Play takes at most; milliseconds
const FASTEST_STEP = 30, LARGE_STEP = 2000; // milliseconds; the second is divided by the rows: 31 at 64 x 64
const REDUCED_STEP = 600, REDUCED_STEPS = 10; // for readers who want less motion: few steps, with time between them

const LEGEND = [
  ["wall", "Wall"], ["waiting", "Waiting"], ["new", "Decided just now"], ["decided", "Decided, early to late"],
  ["wrong", "Wrong"], ["goal", "Goal"], ["start", "Start"], ["walk", "The network's walk"],
  ["shortest", "A shortest path"],
];
const KEYS = "Keys: arrows move, Space builds or removes a wall, G puts the goal here, S the start.";
const HINT = `Click or drag to build and remove walls; drag the star (goal) and the disc (start). ${KEYS}`;

/** A new element. @param {Record<string, unknown>} properties  a name with a hyphen, `role` and `for` are attributes */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, String(value));
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A number of things, in words. */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/**
 * Put the playground into an element of the page.
 *
 * @param {HTMLElement} element  what it holds is replaced
 * @param {{weights: object, maze?: MazeJSON, onChange?: (maze: MazeJSON) => void}} options
 *   weights: from `trm_nav.course.playground.weights`; onChange: called when the reader has changed the maze
 * @returns {{setMaze: (maze: MazeJSON) => void, setWeights: (weights: object) => void, remove: () => void}}
 *   A weight or maze that cannot be used is answered by a sentence in the page.
 */
export function mount(element, { weights, maze, onChange = () => {} }) {
  const playground = new Playground(element, onChange);
  playground.try(() => {
    playground.network = readWeights(weights);
    playground.change(maze ? readMaze(maze) : randomMaze(16, 0.3));
  });
  return {
    setMaze: (json) => playground.try(() => {
      playground.change(readMaze(json));
      playground.kind = "drawn";
    }),
    setWeights: (json) => playground.try(() => {
      playground.network = readWeights(json);
      playground.change(playground.maze ?? randomMaze(16, 0.3));
    }),
    remove: () => playground.remove(),
  };
}

class Playground {
  constructor(element, onChange) {
    Object.assign(this, { onChange, maze: null, network: null, cursor: 0, recursion: 0, timer: 0, frame: 0 });
    this.kind = "random"; // what a new size does: "random" and "perfect" make another maze, "drawn" keeps the walls
    this.held = ""; // what the pointer draws or moves while its button is down: "wall", "free", "goal" or "start"
    this.edited = false; // whether the maze has changed since it was last passed on
    this.build(element);
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.release());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["focus", "blur"]) this.canvas.addEventListener(name, () => this.redraw());
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.canvas);
  }

  remove() {
    this.pause();
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  /** Do something; if it fails, say so in the page. */
  try(action) {
    try {
      action();
      this.problem.hidden = true;
    } catch (error) {
      this.problem.textContent = error.message;
      this.problem.hidden = false;
    }
    this.work.hidden = !this.network || !this.maze;
  }

  // ----------------------------------------------------------------------------------------------- what is on the page

  build(element) {
    const button = (text, action) => make("button", { type: "button", textContent: text, onclick: action });
    this.canvas = make("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "maze" });
    this.picture = new Picture(this.canvas);
    this.verdict = make("p", { className: "trm-verdict" });
    this.here = make("p", { className: "trm-here" });
    this.spoken = make("p", { className: "trm-spoken", role: "status" });
    this.problem = make("p", { className: "trm-problem", role: "alert", hidden: true });
    this.size = this.range("Size", SMALLEST, LARGEST, () => this.resize());
    this.density = this.range("Walls", 0, 60, () => this.random());
    this.density.input.value = "30";
    this.slider = this.range("Recursion", 0, 0, () => this.show(Number(this.slider.input.value)));
    this.player = button("Play", () => (this.timer ? this.pause() : this.play()));
    const making = [button("Clear", () => this.clear()), button("Random", () => this.random()),
      button("Perfect", () => this.perfect())];
    const running = [button("Start over", () => this.show(0)), button("Step", () => this.step()), this.player];
    const group = (label, ...children) =>
      make("div", { className: "trm-group", role: "group", "aria-label": label }, ...children);
    const legend = LEGEND.map(([name, text]) =>
      make("li", {}, make("span", { className: `trm-swatch trm-${name}`, "aria-hidden": true }), text));
    this.work = make("div", { className: "trm-work" },
      make("div", { className: "trm-picture" }, this.canvas, this.here),
      make("div", { className: "trm-controls" },
        this.verdict,
        group("Recursions", this.slider.label, make("div", { className: "trm-buttons" }, ...running)),
        group("Maze", this.size.label, this.density.label, make("div", { className: "trm-buttons" }, ...making)),
        make("ul", { className: "trm-legend", "aria-label": "Legend" }, ...legend),
        make("p", { className: "trm-hint", textContent: HINT }),
      ));
    this.root = make("div", { className: "trm-playground", onkeydown: keep }, this.problem, this.work, this.spoken);
    element.replaceChildren(this.root);
  }

  /** A slider with its label and its value. */
  range(name, min, max, action) {
    const input = make("input", { type: "range", min, max, oninput: action, onchange: () => this.speak() });
    const output = make("output");
    return { input, output, label: make("label", {}, make("span", { textContent: name }), input, output) };
  }

  /** Say something to a screen reader; left out, the result. */
  speak(text = this.verdict.textContent) {
    this.spoken.textContent = text;
  }

  // ------------------------------------------------------------------------------------------------ what the maze does

  /** Take a maze, solve it, and show the plan after the last recursion. */
  change(maze) {
    this.pause();
    if (this.maze?.size !== maze.size) this.cursor = maze.goal;
    this.maze = maze;
    this.distance = distances(maze);
    this.shortest = shortestPath(maze, this.distance);
    this.plan = solve(this.network, maze);
    this.mistakes = mistakes(this.plan, maze, this.distance);
    this.size.input.value = String(maze.size);
    this.size.output.textContent = `${maze.size} × ${maze.size}`;
    this.density.output.textContent = `${this.density.input.value}%`;
    this.slider.input.max = String(this.plan.recursions);
    this.show(this.plan.recursions);
  }

  /** Change the maze as a whole, as the reader asked. */
  replace(maze, kind) {
    this.kind = kind;
    this.change(maze);
    this.speak();
    this.onChange(writeMaze(maze));
  }

  clear() {
    this.replace({ ...this.maze, walls: new Uint8Array(this.maze.walls.length) }, "drawn");
  }

  random(size = this.maze.size) {
    this.replace(randomMaze(size, Number(this.density.input.value) / 100), "random");
  }

  perfect(size = this.maze.size) {
    this.replace(perfectMaze(size), "perfect");
  }

  resize() {
    const size = Number(this.size.input.value);
    if (this.kind === "random") this.random(size);
    else if (this.kind === "perfect") this.perfect(size);
    else this.replace(resized(this.maze, size), "drawn");
  }

  /** Build or remove one wall. The goal and the start stay free. */
  setWall(cell, wall) {
    const { walls, goal, start } = this.maze;
    if (cell === goal || cell === start || Boolean(walls[cell]) === wall) return;
    this.edit({ walls: walls.with(cell, Number(wall)) });
  }

  /** Put the goal or the start into a cell, which becomes free. @param {"goal" | "start"} what */
  put(what, cell) {
    if (this.maze[what] !== cell) this.edit({ [what]: cell, walls: this.maze.walls.with(cell, 0) });
  }

  edit(changes) {
    this.kind = "drawn";
    this.maze = { ...this.maze, ...changes };
    this.edited = true;
  }

  /** Solve the maze again after edits, and draw. */
  answer() {
    if (this.edited) this.change(this.maze);
    else this.redraw();
  }

  /** Tell Python, or whoever embeds the playground, what the reader has drawn. */
  commit() {
    if (this.edited) this.onChange(writeMaze(this.maze));
    this.edited = false;
  }

  // ---------------------------------------------------------------------------------------------- pointer and keyboard

  cellAt({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect(), { size } = this.maze;
    const index = (offset) => Math.max(0, Math.min(size - 1, Math.floor(offset * size)));
    return index((clientY - top) / height) * size + index((clientX - left) / width);
  }

  press(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = this.cellAt(event);
    const { walls, goal, start } = this.maze;
    this.held = this.cursor === goal ? "goal" : this.cursor === start ? "start" : walls[this.cursor] ? "free" : "wall";
    this.apply(this.cursor);
    this.answer();
  }

  /** With the button held: move what was taken hold of, or draw on. Without: describe the cell under the pointer. */
  drag(event) {
    const cell = this.cellAt(event);
    if (!this.held) {
      this.here.textContent = this.describe(cell);
    } else if (cell !== this.cursor) {
      for (const passed of this.between(this.cursor, cell)) this.apply(passed);
      this.cursor = cell;
      this.answer();
    }
  }

  apply(cell) {
    if (this.held === "goal" || this.held === "start") this.put(this.held, cell);
    else this.setWall(cell, this.held === "wall");
  }

  release() {
    if (!this.held) return;
    this.held = "";
    this.commit();
    this.speak();
  }

  /** The cells on a straight line, without the first: a fast pointer skips some. Of a goal, only the last counts. */
  between(from, to) {
    if (this.held === "goal" || this.held === "start") return [to];
    const { size } = this.maze, down = Math.floor(to / size) - Math.floor(from / size);
    const right = (to % size) - (from % size), passed = Math.max(Math.abs(down), Math.abs(right));
    return Array.from({ length: passed }, (_, step) => {
      const share = (step + 1) / passed;
      return from + Math.round(share * down) * size + Math.round(share * right);
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].indexOf(event.key), cell = this.cursor;
    const actions = { " ": () => this.setWall(cell, !this.maze.walls[cell]), g: () => this.put("goal", cell),
      s: () => this.put("start", cell) };
    const edit = actions[event.key.toLowerCase()];
    if (action < 0 && !edit) return;
    event.preventDefault();
    if (edit) edit();
    else if (beside(cell, action, this.maze.size) >= 0) this.cursor = beside(cell, action, this.maze.size);
    this.answer();
    this.commit();
    this.speak(`${this.describe(this.cursor)} ${edit ? this.verdict.textContent : ""}`);
  }

  // -------------------------------------------------------------------------------------------- recursion by recursion

  /** Show the plan as it is after some recursions. */
  show(recursion) {
    this.recursion = recursion;
    this.slider.input.value = String(recursion);
    this.slider.output.textContent = `${recursion} of ${this.plan.recursions}`;
    this.verdict.textContent = this.judge();
    this.redraw();
  }

  step() {
    this.pause();
    this.show(this.recursion < this.plan.recursions ? this.recursion + 1 : Math.min(1, this.plan.recursions));
    this.speak();
  }

  play() {
    const last = this.plan.recursions, reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const slow = Math.min(SLOWEST_STEP, LARGE_STEP / this.maze.size, (PLAY_SECONDS * 1000) / last);
    const pause = reduced ? REDUCED_STEP : Math.max(FASTEST_STEP, slow);
    const stride = Math.max(1, Math.ceil(reduced ? last / REDUCED_STEPS : (last * pause) / (PLAY_SECONDS * 1000)));
    this.show(this.recursion < last ? this.recursion : 0);
    this.player.textContent = "Pause";
    this.timer = setInterval(() => {
      this.show(Math.min(last, this.recursion + stride));
      if (this.recursion < last) return;
      this.pause();
      this.speak();
    }, pause);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    this.player.textContent = "Play";
  }

  // ---------------------------------------------------------------------------------------------------------- in words

  /** What has been decided, where the walk leads, and whether it is right. */
  judge() {
    const { maze, plan, recursion, mistakes: { length: wrong } } = this, ended = recursion === plan.recursions;
    const free = maze.walls.filter((wall) => !wall).length;
    const decided = plan.decidedIn.filter((when) => when > 0 && when <= recursion).length, undecided = free - decided;
    const why = undecided && !wrong ? " (no path leads from there to the goal)" : "";
    const recursions = count(plan.recursions, "recursion"), cells = count(decided, "cell");
    const counts = ended
      ? `Finished after ${recursions}: ${cells} decided, 0 waiting, ${undecided} never${why}.`
      : `After ${recursion} of ${recursions}: ${cells} decided, ${undecided} waiting.`;
    const right = wrong
      ? `Wrong on ${wrong} of ${count(free, "free cell")}, shown in red frames.`
      : "Right on all cells, as breadth-first search confirms.";
    return [counts, this.judgeWalk(), ...(ended ? [right] : [])].join("\n");
  }

  judgeWalk() {
    const { cells, arrives, waits } = walk(this.plan, this.maze, this.recursion), shortest = this.shortest.length - 1;
    const steps = count(shortest, "step");
    if (shortest < 0) return "No path leads from the start to the goal.";
    if (waits && cells.length === 1) return `The start is still waiting; the shortest path has ${steps}.`;
    if (!arrives) return `The walk from the start does not arrive; the shortest path has ${steps}.`;
    return `The walk from the start takes ${count(cells.length - 1, "step")}, the shortest path ${shortest}.`;
  }

  /** One cell, as it is after the recursions that are shown. */
  describe(cell) {
    const { maze, plan, recursion, distance } = this;
    const position = `Cell (${Math.floor(cell / maze.size)}, ${cell % maze.size})`;
    if (maze.walls[cell]) return `${position}: wall.`;
    const what = [cell === maze.goal && "goal", cell === maze.start && "start"].filter(Boolean).join(" and ") || "free";
    const state = isDecided(plan, cell, recursion)
      ? `decided in recursion ${plan.decidedIn[cell]}: ${ACTIONS[plan.actions[cell]]}`
      : recursion < plan.recursions ? "waiting" : "never decides";
    const far = distance[cell] < 0 ? "cannot reach the goal" : `${count(distance[cell], "step")} from the goal`;
    return `${position}: ${what}; ${state}; ${far}.`;
  }

  // ------------------------------------------------------------------------------------------------------- the picture

  /** Draw before the next frame, however often this is called until then. */
  redraw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.plan && this.draw());
  }

  draw() {
    const { canvas, maze, plan, recursion, distance, shortest } = this, ended = recursion === plan.recursions;
    const wrong = this.mistakes.filter((cell) => ended || isDecided(plan, cell, recursion));
    const walked = walk(plan, maze, recursion).cells, cursor = canvas.matches(":focus") ? this.cursor : -1;
    this.picture.draw({ maze, plan, recursion, distance, shortest, walked, wrong, cursor });
    this.here.textContent = this.describe(this.cursor);
    canvas.setAttribute("aria-label", `Maze of ${maze.size} by ${maze.size} cells. ${KEYS}`);
  }
}

/** Called by anywidget for every view of a `trm_nav.course.playground.widget.Playground`. */
function render({ model, el }) {
  const view = mount(el, {
    weights: model.get("weights"),
    maze: model.get("maze"),
    onChange: (maze) => {
      sent = maze;
      model.set("maze", maze);
      model.save_changes();
    },
  });
  let sent = null; // the maze that this view has drawn itself
  const takeMaze = () => model.get("maze") !== sent && view.setMaze(model.get("maze"));
  const takeWeights = () => view.setWeights(model.get("weights"));
  model.on("change:maze", takeMaze);
  model.on("change:weights", takeWeights);
  return () => {
    model.off("change:maze", takeMaze);
    model.off("change:weights", takeWeights);
    view.remove();
  };
}

export default { render };
