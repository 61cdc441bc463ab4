// Statistics of the hospital: volume, results, speed, cost, and drift of the microscopes.

import { bar, el, field, select } from "../dom.mjs";
import { percent, whole } from "../numbers.mjs";
import { words } from "../words.mjs";

const { figures: labels } = words;
const DAYS = [1, 7, 30];

export async function show({ api, query }) {
  const days = DAYS.find((option) => String(option) === query.get("days")) ?? 7;
  const statistics = await api.figures(days);
  const chosen = select(DAYS.map((option) => [option, labels.lastDays(option)]), days, { onchange: () => (location.hash = `#/admin/figures?days=${chosen.value}`) });
  const judged = sum(statistics.decisions);
  const unsure = judged - (statistics.decisions.confident ?? 0);
  return {
    title: labels.title,
    content: [
      el("div", { class: "head figures-head" }, el("h1", {}, labels.title), field(labels.days, chosen)),
      el("dl", { class: "tiles" },
        tile(labels.smears, whole(statistics.smears)),
        tile(labels.unsure, judged ? percent(unsure / judged, 0) : "–", labels.unsureHint),
        tile(labels.fast, seconds(statistics.latency_ms.p50)),
        tile(labels.slow, seconds(statistics.latency_ms.p95)),
        tile(labels.cost, dollars(statistics.cost_usd, 2), statistics.smears ? labels.perSmear(dollars(statistics.cost_usd / statistics.smears, 7)) : undefined)),
      el("div", { class: "three" },
        shares(labels.decisions, statistics.decisions, words.decision),
        shares(labels.states, statistics.states, words.state),
        shares(labels.rejections, statistics.rejections, labels.rejection)),
      drift(statistics.drift),
    ],
  };
}

const sum = (counts) => Object.values(counts).reduce((total, part) => total + part, 0);
const seconds = (ms) => (typeof ms === "number" ? (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`) : "–");
const dollars = (amount, digits) => (typeof amount === "number" ? `$ ${amount.toFixed(digits)}` : "–");

function tile(name, text, hint) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, text, hint && el("span", { class: "hint" }, hint)));
}

function shares(title, counts, names) {
  const all = sum(counts);
  const rows = Object.entries(counts).filter(([, count]) => count).sort(([, left], [, right]) => right - left).map(([name, count]) => el("tr", {},
    el("th", { scope: "row" }, names[name] ?? name.replaceAll("_", " ")), el("td", { class: "wide" }, bar(count / all)), el("td", { class: "number" }, whole(count))));
  return el("section", { class: "card" }, el("h2", {}, title),
    rows.length ? el("table", { class: "bars" }, el("tbody", {}, rows)) : el("p", { class: "hint" }, labels.none));
}

function drift(devices) {
  const columns = Object.values(labels.driftColumns).map((text) => el("th", { scope: "col" }, text));
  const rows = devices.map(({ device, verdict, distance }) => el("tr", {}, el("th", { scope: "row" }, device),
    el("td", {}, el("span", { class: `chip ${verdict}` }, labels.verdict[verdict] ?? verdict.replaceAll("_", " "))),
    el("td", {}, typeof distance === "number" ? distance.toFixed(2) : "–")));
  return el("section", { class: "card" }, el("h2", {}, labels.drift), el("p", { class: "hint" }, labels.driftText),
    rows.length ? el("table", { class: "list" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows)) : el("p", { class: "hint" }, labels.noDrift));
}
