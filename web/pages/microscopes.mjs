// The hospital's microscopes: what state each is in and why, and what its administrator does about it.

import { announce, confirmed, el, field, name, once } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";
import { alarm } from "./microscope_chart.mjs";

const { microscopes: labels } = words;
const shortened = (digest) => digest.slice(0, 12);

export async function show({ api }) {
  const list = el("div", {});
  const draw = async () => {
    const { microscopes } = await api.microscopes();
    list.replaceChildren(...(microscopes.length ? microscopes.map((microscope) => card(api, microscope, draw)) : [el("p", { class: "hint" }, labels.none)]));
  };
  await draw();
  return {
    title: labels.title,
    content: [el("h1", {}, labels.title), el("p", { class: "lead" }, labels.lead), registration(api, draw), el("section", {}, list)],
  };
}

function card(api, microscope, draw) {
  const { suspension, verification } = microscope;
  const facts = {
    [labels.make]: microscope.make ?? words.unknown,
    [labels.objective]: microscope.objective ?? words.unknown,
    [labels.profile]: microscope.is_reference ? labels.ofReference : microscope.profile ? shortened(microscope.profile) : labels.noProfile,
    [labels.verification]: microscope.is_reference ? labels.ofReference
      : verification ? labels.verified(when(verification.at), shortened(verification.sha256)) : labels.notVerified,
    ...(suspension && { [labels.suspended]: labels.because(when(suspension.at), suspension.reason) }),
  };
  const state = words.microscopeState[microscope.state];
  return el("article", { class: "card", "aria-label": microscope.name },
    el("h2", {}, name(microscope.name), " ", el("span", { class: `chip ${microscope.state}` }, state.name),
      microscope.is_reference && [" ", el("span", { class: "chip" }, labels.reference)]),
    el("p", {}, state.text),
    el("dl", { class: "pairs" }, Object.entries(facts).map(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])),
    alarm(api, microscope, draw),
    documents(api, microscope),
    el("p", { class: "actions" }, actions(api, microscope, draw)));
}

// The files are asked for when they are opened, since their links work for a few minutes only.
function documents(api, microscope) {
  if (!microscope.profile && !microscope.verification) return null;
  const links = el("ul", {});
  return el("details", {
    ontoggle: async (event) => {
      if (!event.target.open) return;
      const { profiles, proof } = await api.microscope(microscope.id);
      const link = (href, text) => el("li", {}, el("a", { href, rel: "noopener", target: "_blank" }, text));
      links.replaceChildren(...profiles.map(({ version, link: href }) => link(href, labels.version(when(version.at), shortened(version.sha256)))),
        ...(proof ? [link(proof, labels.proof)] : []));
    },
  }, el("summary", {}, labels.documents), links);
}

function actions(api, microscope, draw) {
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
  const open = el("a", { class: "button strong", href: `#/admin/microscopes/${microscope.id}`, "aria-label": labels.openNamed(microscope.name) }, labels.open);
  return [open, " ", edit, " ", microscope.suspension ? resume : suspend];
}

const described = (make, objective) => ({ make: make.value.trim() || null, objective: objective.value.trim() || null });

function registration(api, draw) {
  const id = el("input", { type: "text", required: true, autocomplete: "off", spellcheck: "false" });
  const make = el("input", { type: "text", autocomplete: "off" });
  const objective = el("input", { type: "text", autocomplete: "off" });
  const button = el("button", { class: "strong" }, labels.register);
  const form = el("form", {
    class: "search card",
    onsubmit: (event) => {
      event.preventDefault();
      once(button, async () => {
        await api.registerMicroscope({ name: id.value.trim(), ...described(make, objective) });
        form.reset();
        await draw();
        announce(labels.registered);
      });
    },
  }, field(labels.name, id, labels.nameHint), field(labels.make, make), field(labels.objective, objective), button);
  return form;
}
