// The hospital's audit trail.

import { el, once } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { trail: labels } = words;

export async function show({ api }) {
  const body = el("tbody", {});
  const none = el("p", { class: "hint" }, labels.none);
  const more = el("button", { onclick: () => once(more, next) }, labels.older);
  const columns = Object.values(labels.columns).map((text) => el("th", { scope: "col" }, text));
  const table = el("table", { class: "list" }, el("thead", {}, el("tr", {}, columns)), body);
  let after;
  async function next() {
    const { entries } = await api.audit(after);
    body.append(...entries.map(draw));
    after = entries.at(-1)?.number ?? after;
    more.hidden = entries.length === 0;
    table.hidden = body.children.length === 0;
    none.hidden = !table.hidden;
  }
  await next();
  return { title: labels.title, content: [el("h1", {}, labels.title), el("p", { class: "lead" }, labels.lead), table, none, more] };
}

function draw({ number, at, who, action, object_id: id }) {
  const cell = (name, ...children) => el("td", { "data-label": labels.columns[name] }, ...children);
  return el("tr", {}, cell("number", number), cell("at", when(at)), cell("who", who === "service" ? labels.service : who.slice(0, 8)),
    cell("action", labels.action[action] ?? action), cell("report", id ? el("a", { href: `#/reports/${id}` }, id.slice(0, 8)) : ""));
}
