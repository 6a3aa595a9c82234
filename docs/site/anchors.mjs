/** The anchor of a heading, as hosts of repositories make it, so that a link leads to the same place there and on the site. */

/** @param {string} heading @returns {string} */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/ /g, '-');
}
