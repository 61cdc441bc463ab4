// Commissioning: what is there and missing, the figures against their limits, pictures before and after, and the decision.

import { announce, confirmed, el, field, once, reportError } from "../dom.mjs";
import { words } from "../words.mjs";
import { isPending, runLine } from "./microscope_run.mjs";

const { microscope: labels } = words;

export function commissioning({ api, microscope, draw }, { run, document: found, examples, may_use: mayUse }) {
  if (microscope.is_reference) return section(el("p", {}, labels.referenceNeedsNone));
  const since = el("input", { type: "datetime-local", onchange: () => count().catch(reportError) });
  const there = el("div", { role: "status" });
  const button = el("button", { class: "strong", disabled: true, onclick: () => once(button, async () => {
    await api.commission(microscope.id, { since: moment(since) });
    await draw();
    announce(labels.commissionStarted);
  }) }, labels.commission);
  const count = async () => {
    const { fields, slides, at_most: atMost, missing } = await api.microscopeFields(microscope.id, moment(since));
    there.replaceChildren(el("p", {}, labels.there(fields, slides, atMost)), ...(missing.length ? [facts(missing.map((text) => ({ text, is_kept: false })))] : []));
    button.disabled = missing.length > 0 || isPending(run);
  };
  count().catch(reportError);
  return section(
    el("p", { class: "hint" }, labels.commissioningText),
    there,
    el("div", { class: "since" }, field(labels.since, since, labels.sinceHint), el("p", { class: "actions" }, button)),
    runLine(run),
    !isPending(run) && found && result({ api, microscope, draw }, found, examples, mayUse));
}

const section = (...content) => el("section", { class: "card", "aria-label": labels.commissioning }, el("h2", {}, labels.commissioning), content);
const moment = (input) => (input.value ? new Date(input.value).toISOString() : null);
const facts = (checks) => el("ul", { class: "facts" }, checks.map(({ text, is_kept: kept }) => el("li", { class: kept ? undefined : "bad" }, text)));

function result({ api, microscope, draw }, found, examples, mayUse) {
  const use = el("button", { class: "strong", onclick: () => once(use, async () => {
    if (!(await confirmed(labels.use, [el("h2", {}, labels.use), el("p", {}, labels.useText)], words.cancel, labels.use))) return;
    await api.useProfile(microscope.id, { profile: found.profile });
    await draw();
    announce(labels.used);
  }) }, labels.use);
  return el("div", {},
    found.refusals.length > 0 && [el("h3", {}, labels.change), facts(found.refusals.map((text) => ({ text, is_kept: false })))],
    found.checks.length > 0 && [el("h3", {}, labels.figures), facts(found.checks)],
    found.unreadable > 0 && el("p", { class: "hint" }, labels.unreadable(found.unreadable)),
    examples.length > 0 && [el("h3", {}, found.profile ? labels.beforeAfter : labels.photographed), el("div", { class: "examples" }, examples.map(example))],
    mayUse && el("p", { class: "actions" }, use),
    found.profile && found.profile === microscope.profile && el("p", { class: "hint" }, labels.inUse));
}

function example({ before, after }, place) {
  const picture = (src, text) => el("figure", {}, el("img", { src, alt: labels.example(place + 1, text), loading: "lazy" }), el("figcaption", {}, text));
  return el("div", { class: "pair" }, picture(before, labels.before), after && picture(after, labels.after));
}
