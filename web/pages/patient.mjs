// One calm screen for the person whose blood it is.

import { el } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { patient: told } = words;

export async function show({ api, named }) {
  const all = await api.summaries();
  const chosen = named.id ? (await api.report(named.id)).summary : all.summaries[0];
  if (!chosen) {
    return { title: told.title, kind: "patient", content: [el("h1", {}, told.nothing), el("p", { class: "lead" }, told.nothingText)] };
  }
  const earlier = all.summaries.filter((one) => one.object_id !== chosen.object_id);
  return {
    title: told.title,
    kind: "patient",
    content: [
      el("p", { class: "hint" }, [chosen.slide && told.sample(chosen.slide), chosen.issued_at && when(chosen.issued_at)].filter(Boolean).join(" · ")),
      el("h1", {}, chosen.headline),
      el("p", { class: `stand ${chosen.release}` }, told.release[chosen.release]),
      el("section", {}, el("h2", {}, told.explanation), el("p", {}, chosen.explanation)),
      el("section", {}, el("h2", {}, told.next), el("p", {}, chosen.next_step)),
      call(chosen.telephone),
      el("p", { class: "hint" }, chosen.disclaimer),
      earlier.length > 0 && el("nav", { class: "earlier", "aria-label": told.earlier }, el("h2", {}, told.earlier),
        el("ul", {}, earlier.map((one) => el("li", {}, el("a", { href: `#/reports/${one.object_id}` }, one.headline),
          el("span", { class: "hint" }, one.issued_at ? when(one.issued_at) : ""))))),
    ],
  };
}

function call(telephone) {
  return el("section", { class: "call" }, el("h2", {}, told.call),
    telephone
      ? el("a", { class: "button strong", href: `tel:${telephone.replace(/[^+0-9]/g, "")}` }, told.number(telephone))
      : el("p", {}, told.callClinic),
    el("p", {}, told.emergency));
}
