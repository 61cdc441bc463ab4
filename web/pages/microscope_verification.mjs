// Verification: slides whose answer is known, how many are still needed, the limits that the hospital signs, and the proof.

import { announce, el, field, name, once } from "../dom.mjs";
import { percent } from "../numbers.mjs";
import { words } from "../words.mjs";
import { isPending, runLine } from "./microscope_run.mjs";

const { microscope: labels } = words;

export function verification(parts, view) {
  const { microscope } = parts;
  if (microscope.is_reference) return null;
  const heading = el("h2", {}, labels.verification);
  const body = microscope.profile ? [
    el("p", { class: "hint" }, labels.verificationText),
    runLine(view.run),
    view.proof && proof(parts, view),
    form(parts, view),
  ] : el("p", {}, labels.commissionFirst);
  return el("section", { class: "card", "aria-label": labels.verification }, heading, body);
}

// How many slides, all right, bring the lower bound of a share to a limit: the bound of n of n is (1 - certainty) to the 1/n.
const needed = (limit, certainty) => Math.ceil(Math.log(1 - certainty) / Math.log(limit) - 1e-9);

function form({ api, microscope, draw }, { run, signed_off: slides, limits }) {
  const ticks = slides.map((slide) => ({ slide, box: el("input", { type: "checkbox", onchange: () => count(), "aria-label": labels.tick(slide.slide, labels.known[slide.known]) }) }));
  const table = el("textarea", { rows: 4, spellcheck: "false", placeholder: "slide,answer\nslide-31,leukemia\nslide-32,benign", oninput: () => count() });
  const file = el("input", { type: "file", accept: ".csv,text/csv,text/plain", onchange: async () => {
    table.value = file.files[0] ? await file.files[0].text() : "";
    count();
  } });
  const limit = (share) => el("input", { type: "number", min: 50, max: 99, step: 1, required: true, value: Math.round(100 * share), oninput: () => count() });
  const sensitivity = limit(limits.sensitivity), specificity = limit(limits.specificity);
  const chosen = el("p", { role: "status" });
  const button = el("button", { class: "strong", disabled: isPending(run) }, labels.verify);
  const count = () => {
    const rows = table.value.split("\n").slice(1).filter((line) => line.trim());
    const known = (kind) => ticks.filter(({ slide, box }) => box.checked && slide.known === kind).length;
    const share = (input) => Math.min(0.999, Math.max(0.5, Number(input.value) / 100 || 0.5));
    chosen.textContent = labels.chosen(known("leukemia"), known("benign"), rows.length,
      needed(share(sensitivity), limits.certainty), needed(share(specificity), limits.certainty));
  };
  count();
  const all = el("button", { type: "button", class: "plain", onclick: () => { for (const { box } of ticks) box.checked = true; count(); } }, labels.tickAll);
  return el("form", {
    class: "verify",
    onsubmit: (event) => {
      event.preventDefault();
      once(button, async () => {
        await api.verify(microscope.id, {
          slides: ticks.filter(({ box }) => box.checked).map(({ slide }) => slide.id),
          table: table.value,
          limits: { sensitivity: Number(sensitivity.value) / 100, specificity: Number(specificity.value) / 100 },
        });
        await draw();
        announce(labels.verificationStarted);
      });
    },
  },
    el("h3", {}, labels.signedOff),
    slides.length ? el("div", { class: "scroll ticks", tabindex: "0", role: "group", "aria-label": labels.signedOff }, ticks.map(tick)) : el("p", { class: "hint" }, labels.noneSignedOff),
    slides.length > 1 && all,
    el("h3", {}, labels.table),
    field(labels.file, file), field(labels.paste, table, labels.tableHint),
    el("h3", {}, labels.limits),
    el("div", { class: "pair" }, field(labels.sensitivity, sensitivity, labels.sensitivityHint), field(labels.specificity, specificity, labels.specificityHint)),
    chosen, el("p", { class: "actions" }, button));
}

const tick = ({ slide, box }) => el("label", { class: "choice" }, box, el("span", {}, name(slide.slide), " ",
  el("span", { class: "hint" }, labels.signedOffAs(slide.patient, slide.given_as, slide.fields))));

function proof({ api, microscope, draw }, { proof: found, run }) {
  const wrong = found.slides.filter((slide) => slide.is_counted && !slide.is_right);
  const left = found.slides.filter((slide) => !slide.is_counted);
  const again = el("button", { onclick: () => once(again, async () => {
    await api.verify(microscope.id, { again: true, limits: found.limits });
    await draw();
    announce(labels.verificationStarted);
  }), disabled: isPending(run) }, labels.again);
  const pdf = el("button", { class: "plain", onclick: () => once(pdf, async () => {
    const link = el("a", { href: URL.createObjectURL(await api.proofPdf(microscope.id, found.sha256)), download: `hemascope-proof-${found.sha256.slice(0, 8)}.pdf` });
    link.click();
    URL.revokeObjectURL(link.href);
  }) }, labels.pdf);
  return el("div", { class: `proof ${found.standing}` },
    el("h3", {}, labels.standing[found.standing].name),
    el("p", {}, labels.standing[found.standing].text),
    el("ul", { class: "facts" },
      line(labels.found, found.figures.sensitivity, found.limits.sensitivity),
      line(labels.called, found.figures.specificity, found.limits.specificity)),
    el("p", { class: "hint" }, labels.certainty(found.limits.certainty)),
    wrong.length > 0 && el("details", {}, el("summary", {}, labels.wrong(wrong.length)), el("ul", {}, wrong.map((slide) => el("li", {}, slideName(slide), labels.wrongSlide(labels.known[slide.known], labels.given[slide.answer]))))),
    left.length > 0 && el("p", { class: "hint" }, labels.leftOut(left.length)),
    el("p", { class: "actions" }, found.standing !== "counts" && again, pdf, el("a", { href: found.link, rel: "noopener", target: "_blank" }, labels.json)));
}

const slideName = ({ slide }) => (slide ? name(slide) : labels.goneSlide);

const line = (text, { right, total, lower, upper }, limit) =>
  el("li", { class: lower < limit ? "bad" : undefined }, text(right, total, percent(lower), percent(upper), percent(limit, 0)));
