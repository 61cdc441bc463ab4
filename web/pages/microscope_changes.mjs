// What an administrator changes at a microscope: its description, and whether it is suspended.

import { announce, confirmed, el, field, once } from "../dom.mjs";
import { words } from "../words.mjs";

const { microscopes: labels } = words;

export function changes(api, microscope, draw) {
  const act = (text, label, work, kind = "plain") => {
    const button = el("button", { class: kind, "aria-label": label(microscope.name), onclick: () => once(button, work) }, text);
    return button;
  };
  const done = async (text) => (await draw(), announce(text));
  const edit = act(labels.edit, labels.editNamed, async () => {
    const make = el("input", { type: "text", value: microscope.make ?? "", autocomplete: "off" });
    const objective = el("input", { type: "text", value: microscope.objective ?? "", autocomplete: "off" });
    const asked = labels.editNamed(microscope.name);
    const content = [el("h2", {}, asked), field(labels.make, make), field(labels.objective, objective, labels.objectiveHint)];
    if (!(await confirmed(asked, content, words.cancel, labels.save))) return;
    await api.describeMicroscope(microscope.id, described(make, objective));
    await done(labels.saved);
  });
  const resume = act(labels.resume, labels.resumeNamed, async () => {
    await api.resumeMicroscope(microscope.id);
    await done(labels.resumed);
  });
  const suspend = act(labels.suspend, labels.suspendNamed, async () => {
    const reason = el("textarea", { rows: 3, maxlength: 500, required: true });
    const asked = labels.suspendNamed(microscope.name);
    const content = [el("h2", {}, asked), el("p", {}, labels.suspendText), field(labels.reason, reason)];
    if (!(await confirmed(asked, content, words.cancel, labels.suspend, "alarm"))) return;
    await api.suspendMicroscope(microscope.id, { reason: reason.value.trim() });
    await done(labels.nowSuspended);
  });
  return [edit, " ", microscope.suspension ? resume : suspend];
}

export const described = (make, objective) => ({ make: make.value.trim() || null, objective: objective.value.trim() || null });
