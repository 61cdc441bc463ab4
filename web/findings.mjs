// The sections of a report: result, probabilities, quality and fit, cells. Built from the report alone.

import { bar, el, name } from "./dom.mjs";
import { percent, when } from "./numbers.mjs";
import { words } from "./words.mjs";

const { report: labels } = words;

// Only pictures of a verified microscope have classes to show, also for the record; a report without a microscope is of the reference.
export function showsClasses({ result, microscope: taken }) {
  return result.decision !== "unverified" && (!taken || taken.state === "verified");
}

export function headline({ state, result }) {
  if (state === "rejected") return labels.rejected;
  if (!result) return labels.failed;
  if (result.decision === "confident") return labels.pattern(result.label);
  if (result.decision === "unverified") return labels.unverified;
  return result.decision === "indeterminate" ? labels.unsure(result.prediction_set) : labels.noAnswer;
}

// An urgent result shows the study's advice above the recommendation from the model's texts.
export function answer({ state, result, rejection }, urgent) {
  if (state === "rejected") return el("div", { class: "answer" }, el("p", {}, rejection.message), el("p", { class: "advice" }, rejection.advice));
  if (!result) return el("p", { class: "answer" }, labels.failedText);
  return el("div", { class: "answer" },
    el("p", { class: `decision ${result.decision}` }, words.decisionExplained[result.decision]),
    el("div", { class: `advice ${urgent ? "alarm" : ""}` },
      el("h2", {}, labels.recommendation), urgent && el("p", {}, el("b", {}, labels.specialist)), el("p", {}, result.recommendation)));
}

export function probabilities({ probabilities: shares, prediction_set: possible, conformal_set: typical, label }) {
  const rows = Object.entries(shares).map(([name, share]) => el("tr", { class: name === label ? "first" : "" },
    el("th", { scope: "row" }, name),
    el("td", { class: "wide" }, bar(share, possible.includes(name) ? "possible" : "")),
    el("td", { class: "number" }, percent(share))));
  return el("section", { class: "card chances" },
    el("h2", {}, labels.probabilities),
    el("table", { class: "bars" }, el("tbody", {}, rows)),
    el("p", { class: "hint" }, labels.probabilitiesHint),
    typical && el("p", { class: "hint" }, labels.typical(typical)));
}

export function fit({ quality, cell_count: cells, mask_coverage: share, out_of_distribution_score: colours, feature_score: features }) {
  const figures = { sharpness: quality.sharpness, brightness: quality.brightness, contrast: quality.contrast, ...quality.figures };
  const poor = quality.findings ?? [];
  return el("section", { class: "card" },
    el("h2", {}, labels.how),
    el("ul", { class: "facts" },
      el("li", { class: colours > 1 ? "bad" : "good" }, labels.ood(colours)),
      typeof features === "number" && el("li", { class: features > 1 ? "bad" : "good" }, labels.feature(features)),
      poor.length
        ? poor.map((finding) => el("li", { class: "bad" }, el("b", {}, `${labels.figure[finding.figure]} ${round(finding.value)}, `),
          `${labels.beyond(round(finding.limit))}. ${finding.advice}`))
        : Object.keys(quality.figures ?? {}).length > 0 && el("li", { class: "good" }, labels.qualityGood),
      el("li", { class: "good" }, labels.counted(cells, percent(share)))),
    el("details", {}, el("summary", {}, labels.figures), el("dl", { class: "pairs" },
      Object.entries(figures).map(([name, value]) => [el("dt", {}, labels.figure[name] ?? name), el("dd", {}, round(value))]))));
}

// The tiles of a field that was cut; a tile for whose sake nothing is stated of the field is marked, as are those that were not read.
export function tileTable(report) {
  const { tiles = [] } = report.evidence;
  if (!tiles.length) return null;
  const named = showsClasses(report);
  const against = (tile) => named && tile.forbids;
  const shown = (tile) => (named && tile.label && tile.use === "counted"
    ? labels.tileAnswer(tile.label, percent(tile.confidence), tile.is_stated)
    : [labels.tileUse[tile.use], tile.findings.map((finding) => ` ${finding.advice}`)]);
  const { tileColumns: columns } = labels;
  return el("section", { class: "card tile-card" }, el("h2", {}, labels.tiles, " ", el("span", { class: "count" }, tiles.length)),
    tiles.filter(against).map((tile) => el("p", { class: "alarm message" }, labels.tileAgainst(tile.number, tile.label))),
    el("p", { class: "hint" }, labels.tilesHint),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": labels.tiles }, el("table", { class: "cells parts" },
      el("thead", {}, el("tr", {}, Object.values(columns).map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, tiles.map((tile) => el("tr", { class: against(tile) || tile.use !== "counted" ? "bad" : "" },
        el("th", { scope: "row" }, tile.number),
        el("td", {}, labels.place(tile)), el("td", {}, shown(tile)), el("td", {}, tile.cell_count)))))));
}

// The table of numbered cells. `point` is called with the number of the cell under the pointer or focus, or null.
export function cellTable(cells, point) {
  if (!cells.length) return { content: null, show: () => undefined };
  const sized = cells.every((cell) => typeof cell.diameter === "number"); // the microscope has a ruler
  const columns = { ...labels.cellColumns, ...(sized && { area: labels.diameter }) };
  const rows = new Map(cells.map((cell) => [cell.number, el("tr", { onpointerenter: () => point(cell.number), onpointerleave: () => point(null) },
    el("th", { scope: "row" }, el("button", {
      class: "plain", "aria-label": labels.cell(cell.number), onfocus: () => point(cell.number), onblur: () => point(null),
    }, cell.number)),
    el("td", {}, sized ? cell.diameter : cell.area), el("td", {}, cell.roundness.toFixed(2)), el("td", {}, Math.round(cell.brightness)),
    el("td", {}, typeof cell.evidence_share === "number" ? percent(cell.evidence_share) : "–"))]));
  const box = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": labels.cells },
    el("table", { class: "cells" },
      el("thead", {}, el("tr", {}, Object.values(columns).map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, [...rows.values()])));
  return {
    content: el("section", { class: "card cell-card" }, el("h2", {}, labels.cells, " ", el("span", { class: "count" }, cells.length)),
      el("p", { class: "hint" }, sized ? labels.sizedHint : labels.cellsHint), box),
    show: (number, scroll) => {
      for (const [id, row] of rows) row.classList.toggle("on", id === number);
      const row = rows.get(number);
      if (scroll && row) box.scrollTo({ top: row.offsetTop - box.clientHeight / 2 });
    },
  };
}

// What the file was and what was done to its colours; older reports don't say.
function source(file) {
  if (!file) return words.unknown;
  const bits = labels.bits(file.bits, file.bits_from);
  // What is declared and needs no conversion is sRGB.
  const colours = file.converted ? labels.converted(labels.colours[file.colour]) : labels.colours[file.colour === "none" ? "none" : "srgb"];
  return `${file.format}, ${file.width} × ${file.height}, ${bits}; ${colours}`;
}

function microscope({ name: id, state }) {
  return [id ? [name(id), ", "] : "", words.microscopeState[state]];
}

export function about(report) {
  const { details } = labels;
  const { specimen, model } = report;
  const total = Object.values(report.timings_ms ?? {}).reduce((sum, time) => sum + time, 0);
  const rows = {
    [details.smear]: specimen ? [specimen.hospital, specimen.patient, specimen.slide, specimen.microscope, specimen.field].filter(Boolean).map((id, place) => [place ? " / " : "", name(id)]) : words.unknown,
    [details.file]: source(report.evidence?.source),
    [details.arrived]: when(report.issued_at),
    [details.release]: words.release[report.release],
    ...(report.microscope && { [details.microscope]: microscope(report.microscope) }),
    [details.model]: `${model.id} ${model.version}`,
    [details.weights]: model.sha256.slice(0, 16),
    [details.time]: total ? `${Math.round(total)} ms` : words.unknown,
    [details.id]: report.object_id,
  };
  return el("section", { class: "card" }, el("h2", {}, labels.about),
    el("dl", { class: "pairs" }, Object.entries(rows).map(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])));
}

const round = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toString();
