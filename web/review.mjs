// What people say of a model's answer: it stands beside the answer and never replaces it.

import { el, field, once, say, select } from "./dom.mjs";
import { when } from "./numbers.mjs";
import { words } from "./words.mjs";

const { review: told } = words;

export function reviewPanel({ api, me, view }) {
  const { object_id: id, model, report } = view;
  const list = el("ul", { class: "verdicts" });
  const verdicts = [...(view.verdicts ?? [])];
  const draw = () => list.replaceChildren(...(verdicts.length ? verdicts.map(drawVerdict) : [el("li", { class: "hint" }, told.none)]));
  draw();
  const releasing = releaseButton(api, id, model, () => verdicts.length);
  const record = async (verdict) => {
    verdicts.push(await api.giveVerdict(id, { model, ...verdict }));
    draw();
    releasing.tell();
    say(told.recorded);
  };
  return el("section", { class: "card review" },
    el("h2", {}, told.title), list,
    me.role === "clinician" && [verdictForm(report.result, record), releasing.content]);
}

function drawVerdict({ kind, label, comment, reviewer, at }) {
  return el("li", { class: kind },
    el("b", {}, kind === "confirm" ? told.confirmed : told.corrected(label)),
    el("span", { class: "hint" }, told.by(told.reviewer(reviewer), when(at))),
    comment && el("p", { class: "comment" }, comment));
}

function verdictForm({ label, probabilities }, record) {
  const others = Object.keys(probabilities).filter((name) => name !== label);
  const confirm = el("input", { type: "radio", name: "kind", value: "confirm", checked: true });
  const correct = el("input", { type: "radio", name: "kind", value: "correct" });
  const right = select(others.map((name) => [name, name]), others[0], { "aria-label": told.correct, onchange: () => (correct.checked = true) });
  const comment = el("textarea", { rows: "2", maxlength: "2000" });
  const button = el("button", { class: "strong" }, told.record);
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
  el("fieldset", {}, el("legend", {}, told.answer),
    el("label", { class: "choice" }, confirm, told.confirm(label)),
    el("div", { class: "choice" }, el("label", {}, correct, told.correct), right)),
  field(told.comment, comment, told.commentHint),
  el("p", { class: "hint" }, told.aside), button);
  return form;
}

function releaseButton(api, id, model, reviewed) {
  const button = el("button", { onclick: () => once(button, async () => {
    const { release } = await api.release(id, model);
    const chip = document.querySelector("#release");
    chip.textContent = words.release[release];
    chip.className = `chip ${release}`;
    say(told.released);
  }) }, told.release);
  const content = el("div", { class: "release" }, button, el("p", { class: "hint" }, told.releaseHint));
  const tell = () => (content.hidden = !reviewed());
  tell();
  return { content, tell };
}
