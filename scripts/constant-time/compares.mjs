/**
 * Whether comparing tags, keys and ids takes longer the later they differ: Welch's t of two classes, those that differ in the first byte and those that differ in the last, drawn at random and
 * measured in turn. A comparison that stops at the first difference is the control, and has to be found.
 */
const SAMPLES = 100_000;
/** Comparisons to a sample: the clock does not see one of them. */
const TIMES = 32;
/** Of all samples, from the quickest on: the slow ones tell of the machine. */
const KEPT = 0.9;
const SUSPICIOUS = 4.5;
const FOUND = 10;

/** @returns {Promise<boolean>} whether nothing was found but the control. */
export async function compares() {
  const { core: pure } = await import('../../dist/core/pure.js');
  const { core: chosen } = await import('../../dist/core/choose.js');
  const cores = chosen.name === 'pure' ? [pure] : [pure, chosen];
  const cases = cores.flatMap((core) =>
    Object.entries({ 'a tag': 16, 'a key or an id': 32 }).map(([what, size]) => ({
      name: `${core.name}.equal of ${what}, ${size} bytes`,
      equal: core.equal,
      size,
    })),
  );
  let held = true;
  for (const { name, equal, size } of cases) {
    // Once more where it looks like something: what depends on the bytes does so each time, a neighbour on the machine does not.
    let t = welch(equal, size);
    for (let again = 0; again < 2 && Math.abs(t) >= SUSPICIOUS; again++) t = welch(equal, size);
    const ok = Math.abs(t) < SUSPICIOUS;
    held &&= ok;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}: |t| ${Math.abs(t).toFixed(1)}, below ${SUSPICIOUS}`);
  }
  const t = Math.abs(welch(stopsEarly, 32));
  console.log(
    `${t > FOUND ? 'ok  ' : 'FAIL'} one that stops at the first difference: |t| ${t.toFixed(1)} (control: must be above ${FOUND})`,
  );
  return held && t > FOUND;
}

function stopsEarly(a, b) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function welch(equal, size) {
  const own = new Uint8Array(size).fill(0xa5);
  const classes = [0, size - 1].map((at) => {
    const bytes = own.slice();
    bytes[at] ^= 1;
    return bytes;
  });
  // Always the same memory: where an array lies makes a difference of its own.
  const other = own.slice();
  const times = [new Float64Array(SAMPLES), new Float64Array(SAMPLES)];
  const counts = [0, 0];
  let state = 1;
  let wrong = 0;
  for (let i = -20_000; counts[0] < SAMPLES / 2 || counts[1] < SAMPLES / 2; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const which = state >>> 31;
    other.set(classes[which]);
    const began = process.hrtime.bigint();
    for (let k = 0; k < TIMES; k++) if (equal(own, other)) wrong++;
    const took = Number(process.hrtime.bigint() - began);
    if (i >= 0 && counts[which] < SAMPLES) times[which][counts[which]++] = took;
  }
  if (wrong > 0) throw new Error('what differs was called equal');
  // One limit for both: each class loses what lies above it.
  const limit = Float64Array.of(...times[0].subarray(0, counts[0]), ...times[1].subarray(0, counts[1])).sort()[
    Math.floor((counts[0] + counts[1]) * KEPT)
  ];
  const [a, b] = times.map((all, which) => moments(all.subarray(0, counts[which]).filter((ns) => ns <= limit)));
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance, count: values.length };
}
