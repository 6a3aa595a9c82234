/** A plugin of TypeDoc: modules are called as they are imported, `handfast/core`, and not as their files are. */
import { readFileSync } from 'node:fs';
import { Converter } from 'typedoc';

const { name, exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** @param {import('typedoc').Application} application */
export function load(application) {
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = importedAs(module.name);
  });
}

/** @param {string} file below src/, without its ending. @returns {string} */
function importedAs(file) {
  for (const [path, { types }] of Object.entries(exports)) {
    const declarations = types && new RegExp(`^\\./dist/${types.slice('./dist/'.length).replaceAll('.', '\\.').replace('*', '(.+)')}$`);
    const found = declarations?.exec(`./dist/${file}.d.ts`) ?? declarations?.exec(`./dist/${file}/index.d.ts`);
    if (found) return name + path.slice(1).replace('*', found[1]);
  }
  throw new Error(`src/${file} is no entry of package.json`);
}
