// Makes a table of contents for a Markdown text.

import { realpathSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

/** Headings outside of fenced code, in order: [level, title]. */
function headings(markdown) {
  const found = [];
  let fence = null;
  for (const line of markdown.split(/\r?\n/)) {
    const mark = line.match(/^ {0,3}(`{3,}|~{3,})(.*)$/);
    if (fence) {
      if (mark && mark[1][0] === fence[0] && mark[1].length >= fence.length && mark[2].trim() === "") fence = null;
      continue;
    }
    if (mark) {
      fence = mark[1];
      continue;
    }
    const heading = line.match(/^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/);
    if (heading && heading[2]) found.push([heading[1].length, heading[2]]);
  }
  return found;
}

/** Title without the marks of links, code and emphasis. */
function plain(title) {
  return title.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
}

/** Anchors as code hosts make them: lower case, blanks to dashes, other signs dropped, numbered when equal. */
function anchors(titles) {
  const used = new Map();
  return titles.map((title) => {
    const base = plain(title).toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replace(/ /g, "-");
    const times = used.get(base) ?? 0;
    used.set(base, times + 1);
    return times ? `${base}-${times}` : base;
  });
}

/** The table of contents of `markdown`. */
export function toc(markdown, levels = [2, 3], style = {}) {
  const { bullet = "-", indent = 2 } = style;
  const all = headings(markdown);
  const links = anchors(all.map(([, title]) => title));
  const rows = all.flatMap(([level, title], i) => (levels.includes(level) ? [[level, plain(title), links[i]]] : []));
  const least = Math.min(...rows.map(([level]) => level));
  const lines = rows.map(([level, title, link]) => `${" ".repeat(indent * (level - least))}${bullet} [${title}](#${link})`);
  return { toc: lines.join("\n"), headings: rows.length };
}

// Run as a program only, not when a test imports it.
if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const request = JSON.parse(await text(process.stdin));
  console.log(JSON.stringify(toc(request.markdown, request.levels, request.style)));
}
