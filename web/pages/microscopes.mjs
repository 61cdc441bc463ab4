// The hospital's microscopes: what state each is in and why, and what its administrator does about it.

import { announce, el, field, name, once } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";
import { described, changes } from "./microscope_changes.mjs";
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
    el("p", { class: "actions" }, opening(microscope), " ", changes(api, microscope, draw)));
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

const opening = (microscope) =>
  el("a", { class: "button strong", href: `#/admin/microscopes/${microscope.id}`, "aria-label": labels.openNamed(microscope.name) }, labels.open);

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
