// One smear: its picture on the left, what is said of it on the right, and below what people say.

import { complain, el, once, say } from "../dom.mjs";
import { about, answer, cellTable, fit, headline, probabilities } from "../findings.mjs";
import { percent } from "../numbers.mjs";
import { reviewPanel } from "../review.mjs";
import { makeViewer } from "../viewer.mjs";
import { words } from "../words.mjs";

const { report: told } = words;

export async function show({ api, me, named }) {
  const view = await api.report(named.id);
  const report = view.report ?? { state: view.state, object_id: view.object_id };
  const slide = el("section", { class: "card slide", hidden: true });
  if (view.specimen) showCase(api, view, slide).catch(complain); // it reads every field of the slide: the report does not wait
  const [left, right] = parts(report, view.pictures, () => location.reload(), view.urgent);
  const review = report.result && me.role !== "patient" ? reviewPanel({ api, me, view }) : null;
  return {
    title: headline(report),
    kind: "report",
    content: [
      el("p", { class: "crumbs" }, el("a", { href: "#/worklist" }, told.back), view.specimen && ` / ${view.specimen.slide} / ${view.specimen.field}`),
      view.urgent && !view.acknowledged && alarm(api, me, named.id),
      el("div", { class: "head" }, el("h1", {}, headline(report)), marks(view), links(api, view)),
      el("div", { class: "two" }, el("div", { class: "left" }, left), el("div", { class: "right" }, right, review, slide, view.report && about(view.report), others(view))),
    ],
  };
}

// Picture and findings of a report: the same for one of the service and one from a file.
export function parts(report, pictures, reload, urgent) {
  const { result, evidence } = report;
  if (!evidence) return [[], [answer(report, urgent)]];
  const cells = evidence.cells ?? [];
  const point = (number, scroll = false) => {
    viewer.show(number);
    table.show(number, scroll);
  };
  const table = cellTable(cells, (number) => point(number));
  const viewer = makeViewer({ pictures, cells, point: (number) => point(number, true), reload });
  return [[viewer.content, table.content], [answer(report, urgent), probabilities(result), fit(evidence)]];
}

function marks({ state, release, urgent, model }) {
  return el("p", { class: "marks" },
    urgent && el("span", { class: "chip alarm" }, words.worklist.isUrgent),
    state === "reported" && el("span", { class: `chip ${release}`, id: "release" }, words.release[release]),
    el("span", { class: "hint" }, model.replace("/", " ")));
}

function links(api, { object_id: id, report }) {
  if (!report) return null;
  const button = (text, get, ending) => {
    const made = el("button", { onclick: () => once(made, () => save(get, id, ending)) }, text);
    return made;
  };
  return el("p", { class: "actions" }, button(told.pdf, () => api.pdf(id), "pdf"), button(told.fhir, () => api.fhir(id), "fhir.json"));
}

// The API asks for a token, which a plain link can't bring.
async function save(get, id, ending) {
  const link = URL.createObjectURL(await get());
  el("a", { href: link, download: told.fileName(id, ending) }).click();
  setTimeout(() => URL.revokeObjectURL(link), 10_000);
}

function alarm(api, me, id) {
  const button = el("button", { class: "strong", onclick: () => once(button, async () => {
    await api.acknowledge(id);
    box.remove();
    say(told.acknowledged);
  }) }, told.acknowledge);
  const box = el("section", { class: "alarm-box", "aria-label": words.worklist.isUrgent },
    el("p", {}, told.urgent), me.role === "clinician" && button);
  return box;
}

async function showCase(api, { object_id: id, specimen }, section) {
  const { report } = await api.slideReport({ slide: specimen.slide, patient: specimen.patient });
  const line = (one, note) => el("li", {}, one.object_id === id
    ? el("b", {}, `${one.name} (${told.thisField})`) : el("a", { href: `#/reports/${one.object_id}` }, one.name), el("span", { class: "hint" }, note));
  section.replaceChildren(
    el("h2", {}, told.slide),
    el("p", { class: "statement" }, report.statement),
    el("p", {}, report.recommendation),
    el("details", {}, el("summary", {}, told.caseFields), el("ul", { class: "fields" },
      report.fields.map((one) => line(one, `${one.label}, ${told.counts(one.cell_count)}, ${percent(one.suspicion, 0)}`)),
      report.excluded.map((one) => line(one, `${told.leftOut}: ${told.why[one.why]}`)))));
  section.hidden = false;
}

function others({ others: rows }) {
  if (!rows?.length) return null;
  return el("section", { class: "card" }, el("h2", {}, told.others),
    el("ul", { class: "fields" }, rows.map((row) => el("li", {}, row.model.replace("/", " "), el("span", { class: "hint" }, words.state[row.state])))));
}
