// @ts-check
/**
 * Looks for branches and addresses that depend on secrets in x86-64 machine code, as objdump prints it. It follows each function's data, register by register, in levels:
 *
 *   0  arguments and constants: pointers to arrays, counts
 *   1  what they point to: pointers to each lane's bytes, lengths
 *   2  what those point to, and everything on the stack that was not seen being put there: secret
 *
 * A load is one level above the address it was loaded by; everything computed has the highest level of what it was computed from. A secret may be anything but a condition, an address, the index of a
 * gather or scatter, a divisor or the count of a repeated instruction. Functions that take no array of pointers get their arguments at level 1: what these point to are numbers.
 */

/** @typedef {{ address: number, text: string, name: string, operands: string[] }} Instruction */
/** @typedef {{ name: string, instructions: Instruction[] }} Code */
/** @typedef {{ registers: Map<string, number>, slots: Map<string, number>, flags: number }} State */

/** @param {string} listing of `objdump -d --no-show-raw-insn -C`. @returns {Code[]} */
export function functionsOf(listing) {
  /** @type {Code[]} */
  const functions = [];
  for (const line of listing.split('\n')) {
    const head = /^[0-9a-f]+ <(.*)>:$/.exec(line);
    if (head) functions.push({ name: head[1], instructions: [] });
    const body = /^\s+([0-9a-f]+):\t(?:(?:data16|cs|rex\.W) )*(\S+)\s*(.*)$/.exec(line);
    if (!body || functions.length === 0) continue;
    const [, address, name, rest] = body;
    const [bare] = rest.split(/\s+[#<]/);
    functions[functions.length - 1].instructions.push({
      address: Number.parseInt(address, 16),
      text: line.trim(),
      name,
      operands: split(bare),
    });
  }
  return functions;
}

/** @param {Code} code @returns {string[]} what is wrong with it, a line each. */
export function leaksOf(code) {
  const { instructions } = code;
  const places = new Map(instructions.map(({ address }, i) => [address, i]));
  /** @type {(State | undefined)[]} */
  const before = instructions.map(() => undefined);
  const leaks = new Map();
  const level = /(\* const ?\*|Bytes const ?\*|Bytes const \()/.test(code.name) ? 0 : 1;
  const start = { registers: new Map(ARGUMENTS.map((name) => [name, level])), slots: new Map(), flags: 0 };
  const waiting = [0];
  before[0] = start;
  while (waiting.length > 0) {
    const i = /** @type {number} */ (waiting.pop());
    const state = copied(/** @type {State} */ (before[i]));
    const instruction = instructions[i];
    const leak = step(instruction, state);
    if (leak) leaks.set(i, `${leak}: ${instruction.text.replace(/\s+/g, ' ')}`);
    for (const next of successors(instruction, i, places, instructions.length)) {
      if (joined(before, next, state)) waiting.push(next);
    }
  }
  return [...leaks.entries()].sort(([a], [b]) => a - b).map(([, leak]) => leak);
}

/** @param {Instruction} instruction @param {number} i @param {Map<number, number>} places @param {number} end */
function successors({ name, operands }, i, places, end) {
  if (/^(ret|ud2|hlt)/.test(name)) return [];
  const following = i + 1 < end ? [i + 1] : [];
  if (!name.startsWith('j')) return following;
  const target = places.get(Number.parseInt(operands[0], 16));
  const taken = target === undefined ? [] : [target]; // outside: a call at the end
  return name === 'jmp' ? taken : [...taken, ...following];
}

/** What the instruction does to the state. @param {Instruction} instruction @param {State} state @returns {string | undefined} the leak */
function step({ name, operands }, state) {
  const at = (/** @type {string} */ operand) => levelOf(operand, state);
  if (/^(nop|data16|cs|endbr|vzero|leave|ret|ud2|cltq|cqto|cltd|hlt|jmp)/.test(name)) return undefined;
  if (name === 'call') {
    // What else the callee overwrites nobody reads afterwards; what it is known to leave alone is read (gcc looks into functions of the same file).
    state.registers.set('rax', 1);
    state.registers.set('z0', SECRET);
    return undefined;
  }
  if (name.startsWith('j')) return state.flags >= SECRET ? 'a branch on a secret' : undefined;
  if (name.startsWith('rep'))
    return Math.max(at('%rcx'), at('%rdi'), at('%rsi')) >= SECRET ? 'a repeated instruction of secret length' : undefined;

  const memory = operands.find((operand) => operand.includes('('));
  const gathers = /^vp?(gather|scatter)/.test(name);
  if (memory && name !== 'lea' && addressLevel(memory, state) >= SECRET)
    return gathers ? 'a gather or scatter at secret places' : 'an address made of a secret';
  if (gathers && maskOf(operands, state) >= SECRET) return 'a gather or scatter of secret lanes';
  if (/^i?div/.test(name)) return Math.max(...operands.map(at), at('%rax'), at('%rdx')) >= SECRET ? 'a division with a secret' : undefined;

  const target = operands[operands.length - 1] ?? '';
  if (name === 'push') return undefined;
  if (name === 'pop') {
    store(target, 0, 8, state);
    return undefined;
  }
  const sources =
    name === 'lea' ? Math.max(addressLevel(operands[0], state), 0) : Math.max(0, ...operands.slice(0, -1).map(at), maskOf(operands, state));
  if (COMPARES.test(name)) {
    state.flags = Math.max(sources, at(target));
    return undefined;
  }
  if (/^set/.test(name)) {
    store(target, state.flags, 1, state);
    return undefined;
  }
  // x ^ x and x - x are zero, whatever x is, and a mask compared with itself is all ones.
  const zero = /^(v?p?(xor|sub)|kxn?or)/.test(name) && operands.length > 1 && operands[0] === operands[1];
  const replaces =
    /^v|^mov|^lea|^k|^[stlp]z?cnt|^[a-z]+x$|^pdep|^pext/.test(name) &&
    !/^vpmadd|^vpternlog|^vpermi2|^vpermt2|^v(p?insr)/.test(name) &&
    !masks(target);
  const carries = /^(adc|sbb|cmov|rc[lr])/.test(name) ? state.flags : 0;
  let made = Math.max(sources, replaces ? 0 : at(bare(target)), carries);
  if (operands.length === 1) made = Math.max(at(target), carries);
  if (zero) made = 0;
  if (FLAGS.test(name)) state.flags = made;
  if (/^mulx?$/.test(name) || name === 'mul') {
    made = Math.max(...operands.map(at), at('%rax'), at('%rdx'));
    for (const register of name === 'mul' ? ['rax', 'rdx'] : []) state.registers.set(register, made);
    if (name === 'mulx') store(operands[1], made, 8, state);
  }
  store(bare(target), made, widthOf(operands), state);
  // Both leave their mask empty.
  if (gathers) for (const [, mask] of operands.join().matchAll(/\{(%k\d)\}/g)) state.registers.set(canonical(mask), 0);
  return undefined;
}

/** @param {string} operand @param {State} state */
function levelOf(operand, state) {
  const plain = bare(operand);
  if (plain.startsWith('$')) return 0;
  if (plain.startsWith('%fs')) return 0; // the mark that guards the stack
  if (!plain.includes('(')) return plain.startsWith('%') ? register(plain, state) : 0;
  const slot = slotOf(plain);
  if (slot) return state.slots.get(slot.key) ?? SECRET;
  if (plain.includes('(%rip')) return 0;
  return Math.min(SECRET, addressLevel(plain, state) + 1);
}

/** @param {string} operand @param {State} state */
function addressLevel(operand, state) {
  const inside = /\((.*)\)/.exec(operand)?.[1] ?? '';
  const names = inside.split(',').filter((part) => part.startsWith('%') && !/^%(rip|rsp|rbp)$/.test(part));
  const levels = names.map((name) => register(name, state));
  return Math.max(/%(rsp|rbp)/.test(inside) ? 1 : 0, ...levels);
}

/** @param {string} target @param {number} level @param {number} width in bytes @param {State} state */
function store(target, level, width, state) {
  if (target.startsWith('%')) {
    state.registers.set(canonical(target), level);
    return;
  }
  const slot = slotOf(target);
  if (slot) for (let offset = 0; offset < width; offset += 8) state.slots.set(`${slot.base}${slot.offset + offset}`, level);
}

/** @param {string} operand */
function slotOf(operand) {
  const found = /^(-?0x[0-9a-f]+)?\(%(rsp|rbp)\)$/.exec(operand);
  if (!found) return undefined;
  const offset = found[1] === undefined ? 0 : Number.parseInt(found[1].replace('-', ''), 16) * (found[1].startsWith('-') ? -1 : 1);
  return { base: found[2], offset, key: `${found[2]}${offset}` };
}

/** @param {string} name @param {State} state */
function register(name, state) {
  return state.registers.get(canonical(name)) ?? 0;
}

/** One name for all widths of a register. @param {string} operand */
function canonical(operand) {
  const name = operand.slice(1);
  const vector = /^[xyz]mm(\d+)$/.exec(name);
  if (vector) return `z${vector[1]}`;
  const numbered = /^(r\d+)[dwb]?$/.exec(name);
  if (numbered) return numbered[1];
  const legacy = /^[re]?([abcd])(x|l|h)$/.exec(name);
  if (legacy) return `r${legacy[1]}x`;
  const index = /^[re]?(si|di|bp|sp)l?$/.exec(name);
  return index ? `r${index[1]}` : name;
}

const bare = (/** @type {string} */ operand) => operand.replace(/\{.*?\}/g, '');
const masks = (/** @type {string} */ operand) => /\{%k\d\}(?!\{z\})/.test(operand);

/** @param {string[]} operands @param {State} state */
function maskOf(operands, state) {
  return Math.max(0, ...operands.flatMap((operand) => [...operand.matchAll(/\{(%k\d)\}/g)].map(([, mask]) => register(mask, state))));
}

/** @param {string[]} operands */
function widthOf(operands) {
  const text = operands.join(' ');
  return text.includes('%zmm') ? 64 : text.includes('%ymm') ? 32 : text.includes('%xmm') ? 16 : 8;
}

/** At commas outside of parentheses. @param {string} text */
function split(text) {
  return text.trim() === '' ? [] : text.trim().split(/,(?![^(]*\))/);
}

/** @param {State} state @returns {State} */
function copied({ registers, slots, flags }) {
  return { registers: new Map(registers), slots: new Map(slots), flags };
}

/** Where two ways meet, each place has the higher level of both. @param {(State | undefined)[]} before @param {number} i @param {State} state @returns {boolean} whether that changed anything */
function joined(before, i, state) {
  const known = before[i];
  if (known === undefined) {
    before[i] = copied(state);
    return true;
  }
  let changed = state.flags > known.flags;
  known.flags = Math.max(known.flags, state.flags);
  for (const [name, level] of state.registers) {
    if (level > (known.registers.get(name) ?? 0)) {
      known.registers.set(name, level);
      changed = true;
    }
  }
  // A slot that only one way has filled is unknown, and so secret.
  for (const [name, level] of known.slots) {
    const other = state.slots.get(name) ?? SECRET;
    if (other > level) {
      known.slots.set(name, other);
      changed = true;
    }
  }
  return changed;
}

const SECRET = 2;
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];
const COMPARES = /^(cmp|test|bt[lqw]?$|kortest|ktest|vptest$|ptest|vu?comis)/;
const FLAGS = /^(add|sub|and|or|xor|neg|inc|dec|sh[lr]|sa[lr]|adc|sbb|imul|mul$|bl|tzcnt|lzcnt|bzhi|andn|adcx|adox|popcnt|bs[fr])/;
