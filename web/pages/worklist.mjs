// Smears of the hospital: urgent ones first, then all of them, newest first, page by page.

import { announce, el, field, name, once, reportError, select } from "../dom.mjs";
import { since, when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { worklist } = words;
const EVERY = 20_000; // ms between two checks for new smears

export async function show({ api, query }) {
  const filter = Object.fromEntries(["slide", "state", "decision"].map((name) => [name, query.get(name) ?? ""]));
  const filtered = Object.values(filter).some(Boolean);
  const [first, urgent] = await Promise.all([
    api.worklist(filter), filtered ? { rows: [], cursor: null } : api.worklist({ urgent: 1 }),
  ]);
  const table = new Table(api, filter, first);
  const waiting = el("section", { class: "waiting", hidden: true });
  drawUrgent(waiting, urgent);
  const timer = filtered ? 0 : setInterval(() => refresh(api, table, waiting).catch(reportError), EVERY);
  return {
    title: worklist.title,
    content: [
      el("h1", {}, worklist.title),
      search(filter, filtered),
      waiting,
      el("section", {}, el("h2", {}, filtered ? worklist.found : worklist.all), ...table.content),
    ],
    leave: () => (clearInterval(timer), table.stop()),
  };
}

function search(filter, filtered) {
  const wanted = el("input", { type: "search", value: filter.slide, autocomplete: "off", spellcheck: "false" });
  const options = (texts) => [["", worklist.any], ...Object.entries(texts)];
  const { waiting: _, ...ends } = words.state;
  const state = select(options(ends), filter.state);
  const decision = select(options(words.decision), filter.decision);
  const go = (event) => {
    event.preventDefault();
    const query = Object.entries({ slide: wanted.value.trim(), state: state.value, decision: decision.value }).filter(([, value]) => value);
    location.hash = `#/worklist${query.length ? `?${new URLSearchParams(query)}` : ""}`;
  };
  for (const control of [state, decision]) control.addEventListener("change", go);
  return el("form", { class: "search", role: "search", onsubmit: go },
    field(worklist.slide, wanted), field(worklist.state, state), field(worklist.decision, decision),
    el("button", {}, worklist.search), filtered && el("a", { class: "button plain", href: "#/worklist" }, worklist.reset));
}

function drawUrgent(section, { rows, cursor }) {
  section.hidden = !rows.length;
  section.replaceChildren(
    el("h2", {}, worklist.urgent, " ", el("span", { class: "count" }, `${rows.length}${cursor ? "+" : ""}`)),
    el("p", { class: "hint" }, worklist.urgentText),
    el("ul", { class: "urgent-list" }, rows.map((row) => el("li", {}, el("a", { href: `#/reports/${row.object_id}` },
      el("b", {}, slideOf(row)), el("span", {}, name(row.specimen?.field ?? "")),
      el("span", { class: "hint" }, since(row.finished_at)))))));
}

async function refresh(api, table, waiting) {
  if (document.hidden) return;
  const [first, urgent] = await Promise.all([api.worklist({}), api.worklist({ urgent: 1 })]);
  drawUrgent(waiting, urgent);
  if (table.prepend(first.rows)) announce(worklist.refreshed);
}

class Table {
  constructor(api, filter, first) {
    this.api = api;
    this.filter = filter;
    this.known = new Set();
    this.body = el("tbody", {});
    this.count = el("p", { class: "hint", role: "status" });
    this.more = el("button", { onclick: () => once(this.more, () => this.next()) }, worklist.more);
    const columns = Object.values(worklist.columns).map((text) => el("th", { scope: "col" }, text));
    this.table = el("table", { class: "list long" }, el("thead", {}, el("tr", {}, columns)), this.body);
    this.content = [this.table, this.count, this.more];
    // Scrolling to the end loads the next page; the button serves keyboard users. A busy browser reports several changes in one
    // call, of which the last is the current one.
    this.watcher = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && this.more.click(), { rootMargin: "600px" });
    this.append(first);
    this.watcher.observe(this.more);
  }

  async next() {
    if (this.cursor) this.append(await this.api.worklist({ ...this.filter, cursor: this.cursor }));
    // A page may hold few rows or none, so the end may still be visible; the observer fires again only if it observes anew.
    this.stop();
    this.watcher.observe(this.more);
  }

  append({ rows, cursor }) {
    this.cursor = cursor;
    this.body.append(...this.fresh(rows).map(drawRow));
    this.update();
  }

  prepend(rows) {
    const fresh = this.fresh(rows);
    this.body.prepend(...fresh.map(drawRow));
    this.update();
    return fresh.length > 0;
  }

  fresh(rows) {
    const key = (row) => `${row.object_id} ${row.model}`;
    const fresh = rows.filter((row) => !this.known.has(key(row)));
    fresh.forEach((row) => this.known.add(key(row)));
    return fresh;
  }

  update() {
    const none = Object.values(this.filter).some(Boolean) ? worklist.none : worklist.nothing;
    this.table.hidden = !this.known.size;
    this.more.hidden = !this.cursor;
    this.count.textContent = this.known.size ? worklist.counted(this.known.size, this.cursor) : none;
  }

  stop() {
    this.watcher.disconnect();
  }
}

function drawRow(row) {
  const { columns } = worklist;
  const cell = (column, ...children) => el("td", { "data-label": columns[column], class: column }, ...children);
  return el("tr", { class: row.urgent && !row.acknowledged ? "urgent" : "" },
    cell("arrived", el("time", { datetime: row.finished_at, title: when(row.finished_at) }, since(row.finished_at))),
    cell("slide", el("a", { href: `#/reports/${row.object_id}` }, slideOf(row))),
    cell("patient", name(row.specimen?.patient ?? "")),
    cell("field", name(row.specimen?.field ?? "")),
    cell("answer", answerOf(row), row.urgent && el("span", { class: "chip alarm" }, worklist.isUrgent)),
    cell("release", row.state === "reported" ? words.release[row.release] : ""));
}

const slideOf = (row) => (row.specimen ? name(row.specimen.slide) : worklist.noKey);

function answerOf({ state, decision }) {
  if (state !== "reported") return el("span", { class: `chip ${state}` }, words.state[state]);
  return el("span", { class: `chip ${decision ?? ""}` }, words.decision[decision] ?? words.state.reported);
}
