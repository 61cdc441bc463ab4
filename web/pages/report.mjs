// Report of one field: the picture on the left, the findings on the right, the reviews below them.

import { announce, el, name, once, reportError } from "../dom.mjs";
import { about, answer, cellTable, fit, headline, probabilities, showsClasses } from "../findings.mjs";
import { percent } from "../numbers.mjs";
import { reviewPanel } from "../review.mjs";
import { makeViewer } from "../viewer.mjs";
import { words } from "../words.mjs";

const { report: labels } = words;

export async function show({ api, me, named }) {
  const view = await api.report(named.id);
  const report = view.report ?? { state: view.state, object_id: view.object_id };
  const slide = el("section", { class: "card slide", hidden: true });
  if (view.specimen) showSlide(api, view, slide).catch(reportError); // reads every field of the slide, so the report does not wait for it
  const [left, right] = parts(report, view.pictures, () => location.reload(), view.urgent);
  const review = report.result && me.role !== "patient" ? reviewPanel({ api, me, view }) : null;
  return {
    title: headline(report),
    kind: "report",
    content: [
      el("p", { class: "crumbs" }, el("a", { href: "#/worklist" }, labels.back), view.specimen && [" / ", name(view.specimen.slide), " / ", name(view.specimen.field)]),
      view.urgent && !view.acknowledged && alarm(api, me, named.id),
      el("div", { class: "head" }, el("h1", {}, headline(report)), marks(view), links(api, view)),
      el("div", { class: "two" }, el("div", { class: "left" }, left), el("div", { class: "right" }, right, review, slide, view.report && about(view.report), others(view))),
    ],
  };
}

// Picture and findings of a report, whether it comes from the service or from a file.
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
  return [[viewer.content, table.content], [answer(report, urgent), showsClasses(report) && probabilities(result), fit(evidence)]];
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
    const element = el("button", { onclick: () => once(element, () => save(get, id, ending)) }, text);
    return element;
  };
  return el("p", { class: "actions" }, button(labels.pdf, () => api.pdf(id), "pdf"), button(labels.fhir, () => api.fhir(id), "fhir.json"));
}

// The API requires a token, which a plain link can't send.
async function save(get, id, ending) {
  const link = URL.createObjectURL(await get());
  el("a", { href: link, download: labels.fileName(id, ending) }).click();
  setTimeout(() => URL.revokeObjectURL(link), 10_000);
}

function alarm(api, me, id) {
  const button = el("button", { class: "strong", onclick: () => once(button, async () => {
    await api.acknowledge(id);
    box.remove();
    announce(labels.acknowledged);
  }) }, labels.acknowledge);
  const box = el("section", { class: "alarm-box", "aria-label": words.worklist.isUrgent },
    el("p", {}, labels.urgent), me.role === "clinician" && button);
  return box;
}

async function showSlide(api, { object_id: id, specimen }, section) {
  const { report } = await api.slideReport({ slide: specimen.slide, patient: specimen.patient });
  const line = (field, note) => el("li", {}, field.object_id === id
    ? el("b", {}, name(field.name), ` (${labels.thisField})`) : el("a", { href: `#/reports/${field.object_id}` }, name(field.name)), el("span", { class: "hint" }, note));
  section.replaceChildren(
    el("h2", {}, labels.slide),
    el("p", { class: "statement" }, report.statement),
    el("p", {}, report.recommendation),
    el("details", {}, el("summary", {}, labels.slideFields), el("ul", { class: "fields" },
      report.fields.map((field) => line(field, `${field.label}, ${labels.counts(field.cell_count)}, ${percent(field.suspicion, 0)}`)),
      report.excluded.map((field) => line(field, `${labels.leftOut}: ${labels.why[field.why]}`)))));
  section.hidden = false;
}

function others({ others: rows }) {
  if (!rows?.length) return null;
  return el("section", { class: "card" }, el("h2", {}, labels.others),
    el("ul", { class: "fields" }, rows.map((row) => el("li", {}, labels.judgedBy(...row.model.replace("/", " ").split("@")), el("span", { class: "hint" }, words.state[row.state])))));
}
