// The patient's results on one screen.

import { el, name } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { patient: labels } = words;

export async function show({ api, named }) {
  const all = await api.summaries();
  const chosen = named.id ? (await api.report(named.id)).summary : all.summaries[0];
  if (!chosen) {
    return { title: labels.title, kind: "patient", content: [el("h1", {}, labels.nothing), el("p", { class: "lead" }, labels.nothingText)] };
  }
  const earlier = all.summaries.filter((summary) => summary.object_id !== chosen.object_id);
  return {
    title: labels.title,
    kind: "patient",
    content: [
      el("p", { class: "hint" }, chosen.slide && [labels.sample, " ", name(chosen.slide)],
        chosen.slide && chosen.issued_at && " · ", chosen.issued_at && when(chosen.issued_at)),
      el("h1", {}, chosen.headline),
      el("p", { class: `status ${chosen.release}` }, labels.release[chosen.release]),
      el("section", {}, el("h2", {}, labels.explanation), el("p", {}, chosen.explanation)),
      el("section", {}, el("h2", {}, labels.next), el("p", {}, chosen.next_step)),
      call(chosen.telephone),
      el("p", { class: "hint" }, chosen.disclaimer),
      earlier.length > 0 && el("nav", { class: "earlier", "aria-label": labels.earlier }, el("h2", {}, labels.earlier),
        el("ul", {}, earlier.map((summary) => el("li", {}, el("a", { href: `#/reports/${summary.object_id}` }, summary.headline),
          el("span", { class: "hint" }, summary.issued_at ? when(summary.issued_at) : ""))))),
    ],
  };
}

function call(telephone) {
  return el("section", { class: "call" }, el("h2", {}, labels.call),
    telephone
      ? el("a", { class: "button strong", href: `tel:${telephone.replace(/[^+0-9]/g, "")}` }, labels.number(telephone))
      : el("p", {}, labels.callClinic),
    el("p", {}, labels.emergency));
}
