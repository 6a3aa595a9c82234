/** The frame around each page. Everything works without scripts; the page that searches alone has one. */
import { posix } from 'node:path';

export function render({ content, title, place, parts, search }) {
  const to = (there) => posix.relative(posix.dirname(place), there) || there;
  const here = (page) => (page.place === place ? ' aria-current="page"' : '');
  const pages = parts.flatMap((part) => part.pages);
  const at = pages.findIndex((page) => page.place === place);
  const [before, after] = at === -1 ? [] : [pages[at - 1], pages[at + 1]];
  const name = place === 'index.html' ? 'handfast' : `${escaped(title)} · handfast`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<link rel="stylesheet" href="${to('style.css')}">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<a class="name" href="${to('index.html')}">handfast</a>
<a class="narrow" href="#pages">Pages</a>
<a href="${to('guides/first-peers.html')}">Guides</a>
<a href="${to('api/index.html')}">API</a>
<a href="${to('errors.html')}">Errors</a>
<form action="${to('search.html')}" role="search"><input type="search" name="q" placeholder="Search" aria-label="Search"></form>
</header>
<div class="columns">
<main id="content"${search ? '' : ' data-pagefind-body'}>
${content}
${search ? searching(to) : ''}
${before || after ? `<p class="next">${before ? `<a rel="prev" href="${to(before.place)}">← ${escaped(before.title)}</a>` : ''}${after ? `<a rel="next" href="${to(after.place)}">${escaped(after.title)} →</a>` : ''}</p>` : ''}
</main>
${outline(content)}
<nav id="pages" aria-label="Pages">
${parts.map((part) => `<h2>${part.title}</h2>\n<ul>\n${part.pages.map((page) => `<li><a href="${to(page.place)}"${here(page)}>${escaped(page.title)}</a></li>`).join('\n')}\n</ul>`).join('\n')}
<h2>API</h2>
<ul><li><a href="${to('api/index.html')}"${place === 'api/index.html' ? ' aria-current="page"' : ''}>Modules and types</a></li></ul>
</nav>
</div>
</body>
</html>
`;
}

/** What a page has below its title, for those that are long. */
function outline(content) {
  const headings = [...content.matchAll(/<h2 id="([^"]+)"[^>]*><a[^>]*>(.*?)<\/a><\/h2>/g)];
  if (headings.length < 2) return '';
  return `<nav class="outline" aria-label="On this page">
<h2>On this page</h2>
<ul>
${headings.map(([, id, text]) => `<li><a href="#${id}">${text}</a></li>`).join('\n')}
</ul>
</nav>`;
}

const searching = (
  to,
) => `<div id="found"><noscript><p>Searching takes scripts. Every page is in the list of pages, every error under <a href="${to('errors.html')}">Errors</a>.</p></noscript></div>
<script type="module" src="${to('search.js')}"></script>`;

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
