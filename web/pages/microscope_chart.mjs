// Whether a microscope still photographs as it did when it was commissioned: the alarm in words, and a chart of each figure.

import { announce, el, once, reportError, svg } from "../dom.mjs";
import { whole, when } from "../numbers.mjs";
import { words } from "../words.mjs";

const { drift: labels } = words;
const WIDTH = 280, HEIGHT = 96, PAD = 6;

// What has changed, and what ends the alarm.
export function alarm(api, microscope, draw) {
  if (!microscope.alarm) return null;
  const button = el("button", {
    class: "plain", "aria-label": labels.acknowledgeNamed(microscope.name),
    onclick: () => once(button, async () => {
      await api.acknowledgeAlarm(microscope.id);
      await draw();
      announce(labels.acknowledged);
    }),
  }, labels.acknowledge);
  const { text, at } = microscope.alarm;
  return el("div", { class: "message drift-alarm" }, el("p", {}, el("b", {}, labels.alarm), " ", text), el("p", { class: "hint" }, labels.noticed(when(at)), " ", labels.advice), el("p", {}, button));
}

// The chart is asked for when it is opened: it is drawn from hundreds of rows.
export function chart(api, microscope) {
  const content = el("div", {});
  return el("details", {
    ontoggle: async (event) => {
      if (!event.target.open) return;
      await api.microscopeChart(microscope.id).then((found) => content.replaceChildren(...drawn(found))).catch(reportError);
    },
  }, el("summary", {}, labels.open), content);
}

function drawn({ watched, since, times, lines }) {
  if (!watched) return [el("p", { class: "hint" }, labels.unwatched)];
  const began = since ? labels.since(when(since)) : labels.sinceFirst;
  if (!times.length) return [el("p", { class: "hint" }, began, " ", labels.none)];
  const shifted = lines.map(fromMean);
  return [
    el("p", { class: "hint" }, began, " ", labels.fields(whole(times.length)), " ", labels.lead),
    el("div", { class: "drift-charts" }, shifted.map((line) => figure(line, times))),
    values(shifted),
  ];
}

// Figures in percent are shown as the difference from the commissioning.
function fromMean(line) {
  if (!labels.figures[line.figure].relative) return line;
  const moved = (list) => list.map((value) => value - line.mean);
  return { ...line, mean: 0, alarm: moved(line.alarm), suspension: moved(line.suspension), values: moved(line.values) };
}

function figure(line, times) {
  const { name, unit } = labels.figures[line.figure];
  const state = stateOf(line);
  return el("figure", {},
    el("figcaption", {}, el("b", {}, name), unit && [" ", el("span", { class: "hint" }, unit)], " ", el("span", { class: `drift-state ${state}` }, labels.states[state])),
    picture(line, labels.described(name, labels.states[state], shown(line.values.at(-1)), shown(line.mean), line.alarm.map(shown)), times));
}

function picture(line, description, times) {
  const seen = [...line.values, ...line.suspension];
  const low = Math.min(...seen), high = Math.max(...seen);
  const x = (place) => PAD + (WIDTH - 2 * PAD) * (times.length > 1 ? place / (times.length - 1) : 1);
  const y = (value) => PAD + (HEIGHT - 2 * PAD) * (high > low ? (high - value) / (high - low) : 0.5);
  const level = (value, kind) => svg("line", { class: `drift-limit ${kind}`, x1: 0, x2: WIDTH, y1: y(value), y2: y(value) });
  const points = line.values.map((value, place) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`);
  return svg("svg", { class: "drift-chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": description },
    line.suspension.map((value) => level(value, "suspension")), line.alarm.map((value) => level(value, "alarm")), level(line.mean, "mean"),
    svg("polyline", { class: "drift-line", points: points.join(" ") }),
    svg("circle", { class: "drift-newest", cx: x(times.length - 1), cy: y(line.values.at(-1)), r: 3 }));
}

function values(lines) {
  const columns = Object.values(labels.columns).map((text) => el("th", { scope: "col" }, text));
  const rows = lines.map((line) => {
    const { name, unit } = labels.figures[line.figure];
    return el("tr", {}, el("th", { scope: "row" }, name, unit && [" ", el("span", { class: "hint" }, unit)]),
      [shown(line.values.at(-1)), shown(line.mean), range(line.alarm), range(line.suspension)].map((text) => el("td", { class: "number" }, text)), el("td", {}, labels.states[stateOf(line)]));
  });
  return el("details", {}, el("summary", {}, labels.table),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": labels.table }, el("table", { class: "drift-values" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows))));
}

function stateOf({ values, alarm: [low, high], suspension: [least, most] }) {
  const newest = values.at(-1);
  if (newest < least || newest > most) return "far";
  return newest < low || newest > high ? "beyond" : "usual";
}

const shown = (value) => value.toFixed(Math.abs(value) < 10 ? 2 : 1);
const range = ([low, high]) => labels.range(shown(low), shown(high));
