// Elements of the pages, and numbers in words.

/** An element with properties and children. Properties that are no properties of the DOM are set as attributes. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element && key !== "list") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A table with a caption; the first cell of every row is its heading. It scrolls sideways where it is too wide. */
export function table(caption, heads, rows, properties = {}) {
  const head = el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)));
  const body = rows.map(([first, ...cells]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...cells.map((cell) => el("td", {}, cell))));
  const made = el("table", properties, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...body));
  return el("div", { className: "clinic-wide", tabIndex: 0, role: "region", "aria-label": caption }, made);
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;

/** A difference of two shares in percentage points, with its sign. */
export function points(gain) {
  const rounded = Math.round(100 * gain);
  return `${rounded > 0 ? "+" : rounded < 0 ? "−" : "±"}${Math.abs(rounded)} points`;
}

/** A whole number with commas. `toLocaleString` would first load the rules of a language, for 15 ms. */
export const thousands = (whole) => String(whole).replace(/\B(?=(\d{3})+$)/g, ",");

/** A text with code in backticks as the children of an element. */
export const withCode = (text) => text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

export const capital = (words) => words[0].toUpperCase() + words.slice(1);

/** Put the text of an element into the clipboard, also where only a selection may be copied. */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    window.getSelection().selectAllChildren(element);
    document.execCommand("copy");
  }
}
