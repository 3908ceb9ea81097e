// The start of a run that trm_nav.course.web.export has written: weights, mazes, and the order of the samples.
//
// The file: the length of a header in bytes, uint32; the header, JSON; then the arrays, which the header lists with
// their `name`, `dtype`, `shape` and `offset` from the end of the header.

const TYPES = { float32: Float32Array, int32: Int32Array, int16: Int16Array, uint8: Uint8Array };

/** Settings and what `Training` takes as `given`. @param {ArrayBuffer} file */
export function readRun(file) {
  const length = new DataView(file).getUint32(0, true), start = 4 + length;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
  const arrays = Object.fromEntries(header.arrays.map(({ name, dtype, shape, offset }) => {
    const count = shape.reduce((product, side) => product * side, 1), Type = TYPES[dtype];
    return [name, new Type(file.slice(start + offset, start + offset + count * Type.BYTES_PER_ELEMENT))];
  }));
  const inside = (prefix) => Object.fromEntries(Object.entries(arrays)
    .filter(([name]) => name.startsWith(prefix)).map(([name, array]) => [name.slice(prefix.length), array]));
  const side = header.settings.grid_size;
  const sets = { train: { side, ...inside("train/") }, val: { side, ...inside("val/") } };
  const ofEpochs = Object.entries(inside("epochs/")).map(([name, array]) => {
    const each = array.length / header.epochs, epochs = Array.from({ length: header.epochs }, (_, epoch) => epoch);
    return [name, epochs.map((epoch) => array.subarray(epoch * each, (epoch + 1) * each))];
  });
  return { settings: header.settings, given: { sets, weights: inside("weights/"), ...Object.fromEntries(ofEpochs) } };
}
