// Looks for what the address says (?q=...), in an index that lies beside the pages.
const words = new URLSearchParams(location.search).get('q')?.trim() ?? '';
const field = document.querySelector('input[name=q]');
const found = document.querySelector('#found');
field.value = words;
if (words === '') field.focus();
else {
  const { search } = await import('./pagefind/pagefind.js');
  const { results } = await search(words);
  const list = document.createElement('ol');
  for (const result of await Promise.all(results.slice(0, 20).map((each) => each.data()))) {
    // Where a section of the page fits best, the link leads there.
    const [{ url, title, excerpt }] = [...result.sub_results, { url: result.url, title: result.meta.title, excerpt: result.excerpt }];
    const link = Object.assign(document.createElement('a'), {
      href: url,
      textContent: title === result.meta.title ? title : `${result.meta.title}: ${title}`,
    });
    const line = document.createElement('p');
    line.innerHTML = excerpt; // made by pagefind of our own pages: text, escaped, and <mark>
    const item = document.createElement('li');
    item.append(link, line);
    list.append(item);
  }
  const count = document.createElement('p');
  count.textContent = results.length === 0 ? `Nothing has “${words}”.` : `${results.length} pages have “${words}”.`;
  found.replaceChildren(count, list);
}
