/** Looks at every link of a site of files: whether it leads to a page and a place on it, and whether anything would be fetched from elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * @param {string} folder of the site.
 * @returns {{ pages: number, links: number, faults: string[] }} External links are judged by their form alone.
 */
export function checkLinks(folder) {
  const pages = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.html'))
    .map((file) => join(folder, file));
  const texts = new Map(pages.map((page) => [page, readFileSync(page, 'utf8')]));
  const places = new Map(pages.map((page) => [page, new Set([...texts.get(page).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id))]));
  const faults = [];
  let links = 0;
  for (const [page, text] of texts) {
    const fault = (why) => faults.push(`${relative(folder, page)}: ${why}`);
    for (const [, element, attribute, escaped] of text.matchAll(/<(\w+)[^>]*?\s(href|src|action)="([^"]*)"/g)) {
      links += 1;
      const link = escaped.replaceAll('&amp;', '&');
      if (/^[a-z]+:/.test(link)) {
        if (link === 'data:,') continue;
        if (element !== 'a') fault(`${element} would be fetched from ${link}`);
        else if (!URL.canParse(link) || !/^(https:\/\/[^/]+\.|mailto:)/.test(link)) fault(`${link} has no form that we use`);
        continue;
      }
      const [path, place] = link.split('#');
      const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
      if (!existsSync(target)) fault(`${attribute} ${link}: there is nothing`);
      else if (place !== undefined && places.has(target) && !places.get(target).has(decodeURIComponent(place)))
        fault(`${link}: no such place on that page`);
    }
    if (/url\(\s*["']?(https?:)?\/\//.test(text)) fault('a style is fetched from elsewhere');
  }
  return { pages: pages.length, links, faults };
}
