/** Sources that say which of their blocks ran for the first time: so a fuzzer knows of each input whether it led somewhere new, and an input that did not costs next to nothing. */
import { parseAst } from 'vitest/node';

/** What goes before the bundle. `$ran[n] || $first(n)` stands at the beginning of each block. */
export const PRELUDE = `
const $ran = new Uint8Array(1 << 16);
globalThis.blocks = { ran: 0, forget() { $ran.fill(0); this.ran = 0; } };
function $first(block) { $ran[block] = 1; globalThis.blocks.ran++; }`;

/**
 * @param {string} text TypeScript.
 * @param {() => number} next gives numbers below 65,536, each once.
 * @returns {string} the same with a mark in each function, branch, loop, case and right side of `&&`, `||`, `??` and `?:`.
 */
export function withBlocks(text, next) {
  /** In the order in which they stand where they stand at the same place. */
  const inserted = [];
  const mark = () => {
    const block = next();
    return `$ran[${block}]||$first(${block})`;
  };
  const put = (at, what) => inserted.push({ at, what });

  /** A statement becomes a block, a block has its mark inside. */
  const statement = (node) => {
    put(node.type === 'BlockStatement' ? node.start + 1 : node.start, node.type === 'BlockStatement' ? `${mark()};` : `{${mark()};`);
    walk(node);
    if (node.type !== 'BlockStatement') put(node.end, '}');
  };
  const expression = (node) => {
    put(node.start, `(${mark()},`);
    walk(node);
    put(node.end, ')');
  };

  const own = {
    IfStatement({ test, consequent, alternate }) {
      walk(test);
      statement(consequent);
      if (!alternate) put(consequent.end, ` else ${mark()};`);
      else if (alternate.type === 'IfStatement') walk(alternate);
      else statement(alternate);
    },
    ConditionalExpression({ test, consequent, alternate }) {
      walk(test);
      expression(consequent);
      expression(alternate);
    },
    LogicalExpression({ left, right }) {
      walk(left);
      expression(right);
    },
    SwitchCase({ test, consequent }) {
      walk(test);
      if (consequent.length > 0) put(consequent[0].start, `${mark()};`);
      walk(consequent);
    },
    CatchClause({ body }) {
      statement(body);
    },
    ArrowFunctionExpression({ params, body }) {
      walk(params);
      if (body.type === 'BlockStatement') statement(body);
      else expression(body);
    },
    FunctionExpression: callable,
    FunctionDeclaration: callable,
    // What comes before `super()` has to be left alone.
    MethodDefinition({ kind, key, value }) {
      walk(key);
      if (kind !== 'constructor') return walk(value);
      walk(value.params);
      walk(value.body);
    },
    WhileStatement: loop,
    DoWhileStatement: loop,
    ForStatement: loop,
    ForInStatement: loop,
    ForOfStatement: loop,
  };
  function callable({ params, body }) {
    walk(params);
    if (body) statement(body);
  }
  function loop({ body, ...rest }) {
    for (const [name, value] of Object.entries(rest)) if (name !== 'type') walk(value);
    statement(body);
  }
  function walk(node) {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node?.type !== 'string') return;
    if (own[node.type]) return own[node.type](node);
    for (const value of Object.values(node)) if (typeof value === 'object') walk(value);
  }

  walk(parseAst(text, { lang: 'ts' }).body);
  let out = '';
  let from = 0;
  for (const { at, what } of inserted.sort((a, b) => a.at - b.at)) {
    out += text.slice(from, at) + what;
    from = at;
  }
  return out + text.slice(from);
}
