// Numbers as Python and NumPy compute and print them, so that a page says the same words as the library.

/** A number with so many digits after the point, as Python's `f"{x:.2f}"`: rounded exactly, halves to even. */
export function fixed(x, digits) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(x));
  const raw = bits.getBigUint64(0);
  const biased = Number(raw >> 52n);
  const mantissa = (raw & ((1n << 52n) - 1n)) | (biased ? 1n << 52n : 0n);
  const exponent = Math.max(biased, 1) - 1075; // |x| = mantissa * 2 ** exponent
  let scaled = mantissa * 10n ** BigInt(digits);
  if (exponent >= 0) scaled <<= BigInt(exponent);
  else {
    const divisor = 1n << BigInt(-exponent);
    const twice = 2n * (scaled % divisor);
    scaled /= divisor;
    if (twice > divisor || (twice === divisor && scaled & 1n)) scaled += 1n;
  }
  const text = scaled.toString().padStart(digits + 1, "0");
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  return sign + (digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text);
}

/** A number from 0 to 100 rounded to so many significant digits, as Python's `float(f"{x:.3g}")`. */
export function significant(x, digits) {
  const exponent = Number(x.toExponential(20).split("e")[1]);
  return Number(fixed(x, Math.max(0, digits - 1 - exponent)));
}

/** A float as Python prints it: `0.2`, `10.0`, `1e-05`. */
export function repr(x) {
  const [mantissa, exponent] = x.toExponential().split("e");
  if (x !== 0 && (exponent < -4 || exponent > 15)) {
    return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  return Number.isInteger(x) ? fixed(x, 1) : `${x}`;
}

const FORMAT = /\{(\w+)(?::\.(\d)([f%]))?\}/g;

/** A template of Python's `str.format`, filled in: names, and after them `.2f`, `.0%` and the like. */
export function filled(template, values) {
  return template.replace(FORMAT, (_, name, digits, kind) => {
    const value = values[name];
    if (!kind) return String(value);
    return kind === "f" ? fixed(value, Number(digits)) : `${fixed(100 * value, Number(digits))}%`;
  });
}

/** The largest of the arguments as Python's `max` finds it: a NaN that is not the first is passed over. */
export function greatest(first, ...others) {
  return others.reduce((largest, value) => (value > largest ? value : largest), first);
}

/** The smallest of the arguments as Python's `min` finds it. */
export function least(first, ...others) {
  return others.reduce((smallest, value) => (value < smallest ? value : smallest), first);
}

/** The index of the first largest number; a NaN counts as larger than any. */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (Number.isNaN(values[best])) break;
    if (values[i] > values[best] || Number.isNaN(values[i])) best = i;
  }
  return best;
}

export const argmin = (values) => argmax(values.map((value) => -value));
export const max = (values) => values[argmax(values)];
export const min = (values) => values[argmin(values)];

/** From each number to the next. */
export const diff = (values) => values.slice(1).map((value, i) => value - values[i]);

export const mean = (values) => sum(values) / values.length;

/** The sum, added up in the same order as NumPy does: in eight columns, and in halves from 129 numbers on. */
function sum(values) {
  const { length } = values;
  if (length > 128) {
    const half = Math.floor(length / 2) - (Math.floor(length / 2) % 8);
    return sum(values.slice(0, half)) + sum(values.slice(half));
  }
  const whole = length < 8 ? 0 : length - (length % 8);
  let total = 0;
  if (whole) {
    const columns = values.slice(0, 8);
    for (let i = 8; i < whole; i++) columns[i % 8] += values[i];
    const [a, b, c, d, e, f, g, h] = columns;
    total = a + b + (c + d) + (e + f + (g + h));
  }
  for (let i = whole; i < length; i++) total += values[i];
  return total;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
