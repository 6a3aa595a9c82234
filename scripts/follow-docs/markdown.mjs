/** The blocks of code of a page, with what the page says of each. */

/**
 * @typedef {{ line: number, language: string, text: string, file?: string, given?: string, notRun?: string, typed?: string, stays?: true, exitCode: number }} Block
 * `file`: the name under which the sentence before says to save it ("Save this as `NAME`"). What readers have no use for stands in a comment
 * before the block: `<!-- not run: WHY -->`; `<!-- given: CODE -->`, which comes before a fragment; `<!-- only typed: CODE -->`, the same for a list of
 * calls that make no program, whose names and options are compared with the types; of its last command `<!-- exit code: N -->`, or
 * `<!-- stays -->` where it goes on after it has printed what is shown.
 */

/** @param {string} page @returns {Block[]} */
export function blocksOf(page) {
  const lines = page.split('\n');
  const blocks = [];
  let before = [];
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^(`{3,})(\w*)\s*$/.exec(lines[at]);
    if (fence === null) {
      before.push(lines[at]);
      continue;
    }
    const end = lines.indexOf(fence[1], at + 1);
    if (end === -1) throw new Error(`the block of line ${at + 1} has no end`);
    blocks.push({ line: at + 1, language: fence[2], text: lines.slice(at + 1, end).join('\n'), ...saidBefore(before.join('\n')) });
    before = [];
    at = end;
  }
  return blocks;
}

/** @param {string} text between the last block and this one. */
function saidBefore(text) {
  const said = { exitCode: 0 };
  let rest = text.trimEnd();
  for (let comment = lastComment(rest); comment !== undefined; comment = lastComment(rest)) {
    const [, name, value] = /^(not run|given|only typed|exit code|stays):?\s*([\s\S]*)$/.exec(comment.text) ?? [];
    if (name === 'not run') said.notRun = value;
    if (name === 'given') said.given = value;
    if (name === 'only typed') said.typed = value;
    if (name === 'exit code') said.exitCode = Number(value);
    if (name === 'stays') said.stays = true;
    rest = comment.before;
  }
  const [, file] = /Save this as `([\w./-]+)`[^\n]*$/.exec(rest) ?? [];
  return file === undefined ? said : { ...said, file };
}

/** @param {string} text */
function lastComment(text) {
  if (!text.endsWith('-->')) return;
  const begin = text.lastIndexOf('<!--');
  return { text: text.slice(begin + 4, -3).trim(), before: text.slice(0, begin).trimEnd() };
}

/**
 * @param {string} text of a block of a terminal: commands behind `$ `, and under each what it prints.
 * @returns {{ command: string, shown: string[] }[]} The first has no command where the block begins with what is printed.
 */
export function commandsOf(text) {
  const commands = [];
  let goesOn = false;
  for (const line of text.split('\n')) {
    if (goesOn) commands.at(-1).command += `\n${line}`;
    else if (line.startsWith('$ ')) commands.push({ command: line.slice(2), shown: [] });
    else {
      if (commands.length === 0) commands.push({ command: '', shown: [] });
      commands.at(-1).shown.push(line);
    }
    goesOn = (goesOn || line.startsWith('$ ')) && line.endsWith('\\');
  }
  return commands;
}
