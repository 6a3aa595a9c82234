/** Makes HTML of README.md, docs/ and build/api: pages without scripts, but for the one that searches. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import markdownIt from 'markdown-it';
import anchors from 'markdown-it-anchor';
import prism from 'prismjs';
import loadLanguages from 'prismjs/components/index.js';
import { anchorOf } from './anchors.mjs';
import { contents } from './contents.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = join(root, 'build/docs');
loadLanguages(['bash', 'json', 'typescript', 'shell-session', 'yaml', 'cpp', 'lua']);
const LANGUAGES = { js: 'javascript', mjs: 'javascript', ts: 'typescript', sh: 'bash', console: 'shell-session', yml: 'yaml' };

/** @param {import('@11ty/eleventy/UserConfig').default} eleventy */
export default function configure(eleventy) {
  const parts = contents(root);
  const sources = ['README.md', ...parts.flatMap(({ pages }) => pages), ...apiPages()];
  /** Where each page of Markdown is on the site. */
  const places = new Map(sources.map((source) => [source, placeOf(source)]));

  eleventy.setLibrary('md', markdown(places));
  eleventy.addGlobalData(
    'parts',
    parts.map(({ title, pages }) => ({ title, pages: pages.map((page) => ({ place: places.get(page), title: titleOf(page) })) })),
  );
  for (const [source, place] of places) {
    const text = readFileSync(join(root, source), 'utf8');
    eleventy.addTemplate(`pages/${source}`, text, { layout: 'page.11ty.js', permalink: place, title: titleOf(source), source, place });
  }
  eleventy.addTemplate('pages/search.md', '# Search\n', {
    layout: 'page.11ty.js',
    permalink: 'search.html',
    title: 'Search',
    place: 'search.html',
    search: true,
  });
  eleventy.addPassthroughCopy({ [join(root, 'docs/charts')]: 'charts', 'style.css': 'style.css', 'search.js': 'search.js' });
  eleventy.setServerOptions({ port: 8080 });
  return {
    dir: { input: '.', includes: 'layout', output },
    templateFormats: ['md'],
    markdownTemplateEngine: false,
  };
}

function apiPages() {
  const folder = join(root, 'build/api');
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.md'))
    .map((file) => posix.join('build/api', file.replaceAll('\\', '/')));
}

/** @param {string} source */
function placeOf(source) {
  if (source === 'README.md') return 'index.html';
  return source
    .replace(/^docs\//, '')
    .replace(/^build\//, '')
    .replace(/(^|\/)README\.md$/, '$1index.md')
    .replace(/\.md$/, '.html');
}

/** @param {string} source @returns {string} its first heading. */
function titleOf(source) {
  const [, heading] = /^# (.+)$/m.exec(readFileSync(join(root, source), 'utf8')) ?? [];
  return (heading ?? basename(source)).replaceAll('`', '').replaceAll('\\', '');
}

/** @param {Map<string, string>} places */
function markdown(places) {
  const md = markdownIt({ html: true, highlight: coloured }).use(anchors, {
    slugify: anchorOf,
    permalink: anchors.permalink.headerLink({ safariReaderFix: true }),
  });
  md.renderer.rules.table_open = () => '<div class="wide" tabindex="0"><table>\n';
  md.renderer.rules.table_close = () => '</table></div>\n';
  for (const [token, attribute] of [
    ['link_open', 'href'],
    ['image', 'src'],
  ]) {
    const before = md.renderer.rules[token] ?? ((tokens, index, options, _env, self) => self.renderToken(tokens, index, options));
    md.renderer.rules[token] = (tokens, index, options, env, self) => {
      const link = tokens[index].attrGet(attribute) ?? '';
      tokens[index].attrSet(attribute, onSite(link, env.source, env.place, places));
      return before(tokens, index, options, env, self);
    };
  }
  return md;
}

/** A link of a page of the repository as a link of the site; what is no page goes with the site, as a file. */
function onSite(link, source, place, places) {
  if (/^[a-z]+:|^#|^$/.test(link) || source === undefined) return link;
  const [path, anchor] = link.split('#');
  const target = posix.join(posix.dirname(source), decodeURIComponent(path));
  const there = places.get(target) ?? kept(target);
  return posix.relative(posix.dirname(place), there) + (anchor === undefined ? '' : `#${anchor}`);
}

/** @param {string} path of a file of the repository. @returns {string} where a copy of it lies on the site. */
function kept(path) {
  if (path.startsWith('docs/charts/')) return path.slice('docs/'.length);
  // As text, so that every browser shows what it is instead of taking it for a film (.ts) or a program.
  const there = `files/${path}${/\.(json|svg|txt)$/.test(path) ? '' : '.txt'}`;
  if (existsSync(join(root, path))) {
    mkdirSync(join(output, dirname(there)), { recursive: true });
    cpSync(join(root, path), join(output, there), { recursive: true });
  }
  return there;
}

/** @param {string} code @param {string} language */
function coloured(code, language) {
  const name = LANGUAGES[language] ?? language;
  const grammar = prism.languages[name];
  return grammar === undefined ? '' : prism.highlight(code, grammar, name);
}
