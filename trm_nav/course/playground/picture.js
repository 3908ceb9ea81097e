/**
 * How the playground draws a maze, what the network has decided, and two walks, onto a canvas.
 *
 * @typedef {object} Scene  what there is to draw
 * @property {import("./mazes.js").Maze} maze
 * @property {import("./network.js").Plan} plan
 * @property {number} recursion  after how many recursions
 * @property {Int32Array} distance  steps to the goal
 * @property {number[]} walked  the cells of the network's walk
 * @property {number[]} shortest  the cells of a shortest path
 * @property {number[]} wrong  the cells to mark as wrong
 * @property {number} cursor  the cell to frame, -1 for none
 */

import { MOVES, STAY } from "./mazes.js";
import { isDecided, isOptimal } from "./network.js";

// As in trm_nav/course/plots/style.py and mazes.py; the legend in playground.css has them as well.
const INK = "#26262b", WALLS = "#3b3b44", FLOOR = "#faf8f3", GRID = "#d5d0c4", GREEN = "#009e73", RED = "#b2182b";
const BLUE = "#0072b2", ORANGE = "#d55e00", PALE = "#cfe6f5", EARLY = "#56b4e9", LATE = "#e3f1fa", NEW = "#f5c08a";
const DOT = "#8a8a94", WHITE = "#ffffff";
const LINES_FROM = 5, ARROWS_FROM = 11, RIM_FROM = 11; // CSS pixels of a cell from which these are drawn
const APART = 0.14; // how far the two walks are shifted, in cells
const SMALLEST_MARK = 16; // CSS pixels of the goal's star and the start's disc
const SHADES = Array.from({ length: 64 }, (_, index) => mixed(EARLY, LATE, index / 63)); // of decided cells
const WALL_PIXEL = pixel(WALLS), FLOOR_PIXEL = pixel(FLOOR), NEW_PIXEL = pixel(NEW);

/** Draws scenes onto one canvas, as sharp as the screen is. */
export class Picture {
  /** @param {HTMLCanvasElement} canvas  its width on the page decides; its height is made the same */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.small = document.createElement("canvas"); // with a pixel for every cell
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { canvas, pen } = this, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), unit = width / scene.maze.size; // device pixels of a cell
    if (!width) return;
    if (canvas.width !== width) canvas.width = canvas.height = width;
    Object.assign(this, scene, { unit, ratio, width });
    pen.lineJoin = pen.lineCap = "round";
    this.drawCells();
    this.drawWrong();
    if (unit / ratio >= LINES_FROM) this.drawLines();
    this.drawPath(scene.shortest, APART, ORANGE, true);
    this.drawPath(scene.walked, -APART, BLUE, false);
    if (unit / ratio >= ARROWS_FROM) scene.maze.walls.forEach((wall, cell) => wall || this.drawAction(cell));
    this.drawEnds(Math.max(unit, SMALLEST_MARK * ratio));
    if (scene.cursor >= 0) this.drawCursor();
  }

  /** The device pixel at which a row or column begins. */
  edge(index) {
    return Math.round(index * this.unit);
  }

  /** [left, top, width, height] of a cell. */
  box(cell) {
    const row = Math.floor(cell / this.maze.size), column = cell % this.maze.size, left = this.edge(column);
    return [left, this.edge(row), this.edge(column + 1) - left, this.edge(row + 1) - this.edge(row)];
  }

  /** [x, y] of the middle of a cell, shifted by a share of a cell. */
  middle(cell, offset = 0) {
    const { size } = this.maze;
    return [cell % size, Math.floor(cell / size)].map((index) => (index + 0.5 + offset) * this.unit);
  }

  /** The cells as a picture of one pixel each, enlarged: thousands of rectangles would take longer than a frame. */
  drawCells() {
    const { pen, small, width, maze: { size, walls } } = this, image = new ImageData(size, size);
    walls.forEach((wall, cell) => image.data.set(wall ? WALL_PIXEL : this.shade(cell), 4 * cell));
    small.width = small.height = size;
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, width, width);
  }

  /** The colour of a free cell. */
  shade(cell) {
    const { plan, recursion } = this, when = plan.decidedIn[cell];
    if (!isDecided(plan, cell, recursion)) return FLOOR_PIXEL;
    if (when === recursion && when < plan.recursions) return NEW_PIXEL;
    return SHADES[Math.round(((SHADES.length - 1) * (when - 1)) / Math.max(1, plan.recursions - 1))];
  }

  /** Frames around the cells that are wrong. */
  drawWrong() {
    const { pen } = this;
    pen.strokeStyle = RED;
    pen.lineWidth = Math.max(this.ratio, this.unit / 10);
    for (const cell of this.wrong) {
      const [left, top, width, height] = this.box(cell), inset = pen.lineWidth / 2;
      pen.strokeRect(left + inset, top + inset, width - 2 * inset, height - 2 * inset);
    }
  }

  drawLines() {
    this.pen.fillStyle = GRID;
    for (let index = 0; index <= this.maze.size; index++) {
      const line = Math.min(this.edge(index), this.width - 1);
      this.pen.fillRect(line, 0, this.ratio / 2, this.width);
      this.pen.fillRect(0, line, this.width, this.ratio / 2);
    }
  }

  /** A line through cells with a light rim, shifted so that two of them stay apart. */
  drawPath(cells, offset, colour, dashed) {
    if (cells.length < 2) return;
    const { pen } = this, line = new Path2D(), width = Math.max(this.unit * 0.13, 1.5 * this.ratio);
    for (const cell of cells) line.lineTo(...this.middle(cell, offset));
    if (this.unit / this.ratio >= RIM_FROM) this.stroke(line, WHITE, width + Math.min(width / 2, 4));
    pen.setLineDash(dashed ? [width * 2, width * 1.8] : []);
    this.stroke(line, colour, width);
    pen.setLineDash([]);
  }

  stroke(line, colour, width) {
    Object.assign(this.pen, { strokeStyle: colour, lineWidth: width });
    this.pen.stroke(line);
  }

  /** The arrow of a decided cell, red if it is wrong, or a dot while the cell waits. */
  drawAction(cell) {
    const { pen, plan, unit } = this, [x, y] = this.middle(cell), action = plan.actions[cell];
    if (!isDecided(plan, cell, this.recursion)) {
      pen.fillStyle = DOT;
      pen.fill(disc(x, y, unit * 0.06));
    } else if (action !== STAY) {
      const [dy, dx] = MOVES[action].map((step) => step * unit * 0.26);
      pen.strokeStyle = isOptimal(plan, cell, this.maze.size, this.distance) ? INK : RED;
      pen.lineWidth = Math.max(this.ratio, unit * 0.06);
      pen.stroke(arrow(x, y, dx, dy));
    }
  }

  /** The start, a disc, and the goal, a star, for cells of `size` device pixels. */
  drawEnds(size) {
    const { pen, maze } = this;
    const mark = (shape, fill, stroke, width) => {
      Object.assign(pen, { fillStyle: fill, strokeStyle: stroke, lineWidth: width });
      pen.fill(shape);
      pen.stroke(shape);
    };
    mark(disc(...this.middle(maze.start), size * 0.28), PALE, BLUE, size * 0.1);
    mark(star(...this.middle(maze.goal), size * 0.46), GREEN, WHITE, size * 0.05);
  }

  drawCursor() {
    for (const [style, width] of [[WHITE, 5], [INK, 2.5]]) {
      Object.assign(this.pen, { strokeStyle: style, lineWidth: width * this.ratio });
      this.pen.strokeRect(...this.box(this.cursor));
    }
  }
}

/** Red, green, blue and opacity of a colour "#rrggbb". */
function pixel(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).concat(255);
}

/** A pixel between two colours. */
function mixed(one, other, share) {
  const to = pixel(other);
  return pixel(one).map((value, channel) => Math.round(value + share * (to[channel] - value)));
}

function disc(x, y, radius) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, 2 * Math.PI);
  return path;
}

function star(x, y, radius) {
  const path = new Path2D();
  for (let point = 0; point < 10; point++) {
    const angle = (Math.PI * point) / 5 - Math.PI / 2, far = point % 2 ? radius * 0.45 : radius;
    path.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  path.closePath();
  return path;
}

/** An arrow with its middle at x, y; dx, dy reach from there to its tip. */
function arrow(x, y, dx, dy) {
  const path = new Path2D();
  path.moveTo(x - dx, y - dy);
  path.lineTo(x + dx, y + dy);
  path.lineTo(x + dx * 0.3 - dy * 0.6, y + dy * 0.3 + dx * 0.6);
  path.moveTo(x + dx, y + dy);
  path.lineTo(x + dx * 0.3 + dy * 0.6, y + dy * 0.3 - dx * 0.6);
  return path;
}
