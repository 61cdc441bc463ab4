// One microscope: its state, commissioning, verification and documents, and what an administrator does about it.

import { el, name, present } from "../dom.mjs";
import { when } from "../numbers.mjs";
import { words } from "../words.mjs";
import { commissioning } from "./microscope_commissioning.mjs";
import { changes } from "./microscope_changes.mjs";
import { alarm, chart } from "./microscope_chart.mjs";
import { rescreening, shortened } from "./microscope_run.mjs";
import { verification } from "./microscope_verification.mjs";

const { microscope: labels, microscopes: listed, drift } = words;
const ASKED_EVERY = 5000; // milliseconds, while a job runs

export async function show({ api, named }) {
  const page = el("div", {});
  let timer, title, left = false;
  const draw = async () => {
    clearTimeout(timer);
    const [details, commissioned, verified] = await Promise.all([api.microscope(named.id), api.commissioning(named.id), api.verification(named.id)]);
    const { microscope } = details;
    if (left) return;
    const parts = { api, microscope, draw };
    title = microscope.name;
    page.replaceChildren(...present([
      state(parts),
      commissioning(parts, commissioned),
      verification(parts, verified),
      chartOf(parts),
      documents(details),
    ]));
    if (microscope.runs.some((run) => ["queued", "running"].includes(run.state))) timer = setTimeout(wait, ASKED_EVERY);
  };
  // While somebody fills in a form nothing is drawn anew: only the runs are asked for.
  const wait = async () => {
    const { microscope } = await api.microscope(named.id).catch(() => ({}));
    if (left) return;
    if (!microscope || microscope.runs.some((run) => ["queued", "running"].includes(run.state))) timer = setTimeout(wait, ASKED_EVERY);
    else await draw();
  };
  await draw();
  const leave = () => {
    left = true;
    clearTimeout(timer);
  };
  return { title, content: [el("p", { class: "crumbs" }, el("a", { href: "#/admin/microscopes" }, listed.title)), page], leave };
}

function state(parts) {
  const { microscope } = parts;
  const { name: text, text: explained } = words.microscopeState[microscope.state];
  const { suspension } = microscope;
  return el("section", {},
    el("div", { class: "head" }, el("h1", {}, name(microscope.name)), el("span", { class: `chip ${microscope.state}` }, text),
      microscope.is_reference && el("span", { class: "chip" }, listed.reference)),
    el("p", { class: "lead" }, explained),
    suspension && el("p", {}, listed.because(when(suspension.at), suspension.reason)),
    el("p", { class: "actions" }, changes(parts.api, microscope, parts.draw)),
    rescreening(parts));
}

function chartOf({ api, microscope, draw }) {
  return el("section", { class: "card", "aria-label": drift.title }, el("h2", {}, drift.title), alarm(api, microscope, draw), chart(api, microscope));
}

function documents({ profiles, proof }) {
  if (!profiles.length && !proof) return null;
  const link = (href, text) => el("li", {}, el("a", { href, rel: "noopener", target: "_blank" }, text));
  return el("section", { class: "card" }, el("h2", {}, labels.documents), el("ul", {},
    profiles.map(({ version, link: href }) => link(href, listed.version(when(version.at), shortened(version.sha256)))),
    proof && link(proof, listed.proof)));
}
