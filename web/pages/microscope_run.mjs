// The newest run of a microscope's job, in a sentence.

import { announce, el, once } from "../dom.mjs";
import { since, when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { microscope: labels } = words;

export const shortened = (digest) => digest.slice(0, 12);
export const isPending = (run) => run?.state === "queued" || run?.state === "running";

export function runLine(run) {
  if (!run) return null;
  const text = isPending(run) ? labels.pending[run.state](since(run.at)) : run.message;
  return el("p", { class: "run", role: "status" }, el("span", { class: `chip ${run.state}` }, labels.runState[run.state]), " ", text,
    !isPending(run) && run.finished_at && el("span", { class: "hint" }, ` ${when(run.finished_at)}`));
}

// Open slides that are screened again after a change: told where it has something to tell, with a way out where it failed.
export function rescreening({ api, microscope, draw }) {
  const run = microscope.runs.find((found) => found.kind === "rescreen");
  if (!run) return null;
  const button = el("button", { onclick: () => once(button, async () => {
    await api.rescreen(microscope.id);
    await draw();
    announce(labels.rescreened);
  }) }, labels.rescreen);
  return el("div", {}, runLine(run), run.state === "failed" && el("p", { class: "actions" }, button));
}
