// Renders the Markdown of a model card: headings, paragraphs, lists, tables, code, bold, italic and links, as elements and text nodes.

import { el } from "./dom.mjs";

export function markdown(text) {
  const blocks = [];
  const lines = text.replaceAll("\r", "").split("\n");
  while (lines.length) {
    if (!lines[0].trim()) lines.shift();
    else blocks.push(block(lines));
  }
  return blocks.filter(Boolean);
}

// Removes and returns the leading lines that pass the test.
function takeWhile(lines, test) {
  const end = lines.findIndex((line) => !test(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function block(lines) {
  const [line] = lines;
  const heading = /^(#{1,6}) (.*)$/.exec(line);
  if (heading) return lines.shift() && el(`h${Math.min(6, heading[1].length + 1)}`, {}, inline(heading[2]));
  if (line.startsWith("```")) return code(lines);
  if (line.startsWith("|")) return table(takeWhile(lines, (row) => row.startsWith("|")));
  if (/^([-*]|\d+\.) /.test(line)) return list(takeWhile(lines, (item) => /^([-*]|\d+\.|\s+\S)/.test(item)), /^\d/.test(line));
  const paragraph = takeWhile(lines, (next) => next.trim() && !/^(#{1,6} |```|\||[-*] |\d+\. )/.test(next));
  return el("p", {}, inline((paragraph.length ? paragraph : [lines.shift()]).join(" ")));
}

function code(lines) {
  lines.shift();
  const inside = takeWhile(lines, (row) => !row.startsWith("```"));
  lines.shift();
  return el("pre", { tabindex: "0" }, el("code", {}, inside.join("\n")));
}

function list(lines, ordered) {
  const items = [];
  for (const line of lines) {
    const start = /^([-*]|\d+\.) (.*)$/.exec(line);
    if (start) items.push(start[2]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return el(ordered ? "ol" : "ul", {}, items.map((item) => el("li", {}, inline(item))));
}

function table(lines) {
  const [head, , ...rows] = lines.map((line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim()));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": head.filter(Boolean).join(", ") || "table" }, el("table", {},
    el("thead", {}, el("tr", {}, head.map((cell) => el(cell ? "th" : "td", {}, inline(cell))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, inline(cell))))))));
}

// **bold**, *italic*, `code`, [text](address). Only https links become links; pictures are dropped.
function inline(text) {
  const parts = text.replace(/!\[[^\]]*\]\([^)]*\)/g, "").split(/(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/);
  return parts.filter(Boolean).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return el("b", {}, part.slice(2, -2));
    if (/^\*.+\*$/.test(part)) return el("i", {}, part.slice(1, -1));
    if (/^`.+`$/.test(part)) return el("code", {}, part.slice(1, -1));
    const link = /^\[(.+)\]\((.+)\)$/.exec(part);
    if (!link) return part;
    return /^https:\/\//.test(link[2]) ? el("a", { href: link[2], rel: "noreferrer" }, link[1]) : link[1];
  });
}
