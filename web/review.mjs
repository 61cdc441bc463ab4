// Verdicts of reviewers. A verdict is stored with the model's result and never replaces it.

import { el, field, once, announce, select } from "./dom.mjs";
import { showsClasses } from "./findings.mjs";
import { when } from "./numbers.mjs";
import { words } from "./words.mjs";

const { review: labels } = words;

export function reviewPanel({ api, me, view }) {
  const { object_id: id, model, report } = view;
  const list = el("ul", { class: "verdicts" });
  const verdicts = [...(view.verdicts ?? [])];
  const draw = () => list.replaceChildren(...(verdicts.length ? verdicts.map(drawVerdict) : [el("li", { class: "hint" }, labels.none)]));
  draw();
  const releasing = releaseButton(api, id, model, () => verdicts.length);
  const record = async (verdict) => {
    verdicts.push(await api.giveVerdict(id, { model, ...verdict }));
    draw();
    releasing.update();
    announce(labels.recorded);
  };
  return el("section", { class: "card review" },
    el("h2", {}, labels.title), list,
    me.role === "clinician" && [verdictForm(report, record), releasing.content]);
}

function drawVerdict({ kind, label, comment, reviewer, at }) {
  return el("li", { class: kind },
    el("b", {}, kind === "confirm" ? labels.confirmed : labels.corrected(label)),
    el("span", { class: "hint" }, labels.by(labels.reviewer(reviewer), when(at))),
    comment && el("p", { class: "comment" }, comment));
}

function verdictForm(report, record) {
  const { label, probabilities } = report.result;
  const stated = showsClasses(report); // else a reviewer is told no class and may give any
  const others = Object.keys(probabilities).filter((name) => !stated || name !== label);
  const confirm = el("input", { type: "radio", name: "kind", value: "confirm", checked: true });
  const correct = el("input", { type: "radio", name: "kind", value: "correct" });
  const right = select(others.map((name) => [name, name]), others[0], { "aria-label": labels.correct, onchange: () => (correct.checked = true) });
  const comment = el("textarea", { rows: "2", maxlength: "2000" });
  const button = el("button", { class: "strong" }, labels.record);
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      once(button, async () => {
        const text = comment.value.trim();
        await record({
          kind: correct.checked ? "correct" : "confirm", ...(correct.checked && { label: right.value }), ...(text && { comment: text }),
        });
        form.reset();
      });
    },
  },
  el("fieldset", {}, el("legend", {}, labels.answer),
    el("label", { class: "choice" }, confirm, stated ? labels.confirm(label) : labels.confirmNone),
    el("div", { class: "choice" }, el("label", {}, correct, labels.correct), right)),
  field(labels.comment, comment, labels.commentHint),
  el("p", { class: "hint" }, labels.aside), button);
  return form;
}

function releaseButton(api, id, model, reviewed) {
  const button = el("button", { onclick: () => once(button, async () => {
    const { release } = await api.release(id, model);
    const chip = document.querySelector("#release");
    chip.textContent = words.release[release];
    chip.className = `chip ${release}`;
    announce(labels.released);
  }) }, labels.release);
  const content = el("div", { class: "release" }, button, el("p", { class: "hint" }, labels.releaseHint));
  const update = () => (content.hidden = !reviewed());
  update();
  return { content, update };
}
