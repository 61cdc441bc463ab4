// What the service did lately: volume, answers, speed, cost, and whether the microscopes still see as they did.

import { bar, el, field, select } from "../dom.mjs";
import { percent, whole } from "../numbers.mjs";
import { words } from "../words.mjs";

const { figures: told } = words;
const DAYS = [1, 7, 30];

export async function show({ api, asked }) {
  const days = DAYS.find((one) => String(one) === asked.get("days")) ?? 7;
  const found = await api.figures(days);
  const chosen = select(DAYS.map((one) => [one, told.lastDays(one)]), days, { onchange: () => (location.hash = `#/admin/figures?days=${chosen.value}`) });
  const judged = sum(found.decisions);
  const unsure = judged - (found.decisions.confident ?? 0);
  return {
    title: told.title,
    content: [
      el("div", { class: "head figures-head" }, el("h1", {}, told.title), field(told.days, chosen)),
      el("dl", { class: "tiles" },
        tile(told.smears, whole(found.smears)),
        tile(told.unsure, judged ? percent(unsure / judged, 0) : "–", told.unsureHint),
        tile(told.fast, seconds(found.latency_ms.p50)),
        tile(told.slow, seconds(found.latency_ms.p95)),
        tile(told.cost, dollars(found.cost_usd, 2), found.smears ? told.perSmear(dollars(found.cost_usd / found.smears, 7)) : undefined)),
      el("div", { class: "three" },
        shares(told.decisions, found.decisions, words.decision),
        shares(told.states, found.states, words.state),
        shares(told.rejections, found.rejections, {})),
      drift(found.drift),
    ],
  };
}

const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);
const seconds = (ms) => (typeof ms === "number" ? (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`) : "–");
const dollars = (amount, digits) => (typeof amount === "number" ? `$ ${amount.toFixed(digits)}` : "–");

function tile(name, text, hint) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, text, hint && el("span", { class: "hint" }, hint)));
}

function shares(title, counts, names) {
  const all = sum(counts);
  const rows = Object.entries(counts).filter(([, count]) => count).sort(([, one], [, other]) => other - one).map(([name, count]) => el("tr", {},
    el("th", { scope: "row" }, names[name] ?? name.replaceAll("_", " ")), el("td", { class: "wide" }, bar(count / all)), el("td", { class: "number" }, whole(count))));
  return el("section", { class: "card" }, el("h2", {}, title),
    rows.length ? el("table", { class: "bars" }, el("tbody", {}, rows)) : el("p", { class: "hint" }, told.none));
}

function drift(devices) {
  const columns = Object.values(told.driftColumns).map((text) => el("th", { scope: "col" }, text));
  const rows = devices.map(({ device, verdict, distance }) => el("tr", {}, el("th", { scope: "row" }, device),
    el("td", {}, el("span", { class: `chip ${verdict}` }, told.verdict[verdict] ?? verdict.replaceAll("_", " "))),
    el("td", {}, typeof distance === "number" ? distance.toFixed(2) : "–")));
  return el("section", { class: "card" }, el("h2", {}, told.drift), el("p", { class: "hint" }, told.driftText),
    rows.length ? el("table", { class: "list" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows)) : el("p", { class: "hint" }, told.noDrift));
}
