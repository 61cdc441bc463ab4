// Shows a report from local files. Nothing is uploaded: no service, no account.

import { el } from "./dom.mjs";
import { about, headline } from "./findings.mjs";
import { parts } from "./pages/report.mjs";
import { words } from "./words.mjs";

const { open: labels } = words;
const problem = el("p", { class: "message alarm", role: "alert", hidden: true });
const shown = el("article", {});
const files = el("input", { type: "file", id: "files", multiple: true, accept: ".json,.png", onchange: () => read([...files.files]) });

document.querySelector("footer").textContent = words.disclaimer;
document.querySelector("main").append(
  el("h1", {}, labels.title), el("p", { class: "lead" }, labels.lead),
  el("div", { class: "drop" }, el("label", { for: "files" }, labels.label), files), problem, shown);

async function read(chosen) {
  problem.hidden = true;
  const json = chosen.find((file) => file.name.endsWith(".json"));
  const report = json && (await json.text().then(JSON.parse).catch(() => null));
  if (report?.schema !== "hemascope.report/2") {
    problem.textContent = json ? labels.noReport : labels.noJson;
    problem.hidden = false;
    return;
  }
  const [left, right] = parts(report, pictures(chosen), () => undefined);
  shown.replaceChildren(el("h2", { class: "big" }, headline(report)),
    el("div", { class: "two" }, el("div", { class: "left" }, left), el("div", { class: "right" }, right, about(report))));
}

// Maps file names, as `hemascope demo` and `hemascope screen --out` write them, to links by layer.
function pictures(chosen) {
  const link = (name) => {
    const file = chosen.find((candidate) => candidate.name === name);
    return file && URL.createObjectURL(file);
  };
  const maps = chosen.map((file) => /^heat_map\.(\w+)\.png$/.exec(file.name)?.[1]).filter(Boolean);
  return {
    overlay: link("overlay.png"),
    segmented: link("segmented.png"),
    heat_maps: Object.fromEntries(maps.map((branch) => [branch, link(`heat_map.${branch}.png`)])),
  };
}
