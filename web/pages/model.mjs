// The model in use and its card.

import { el } from "../dom.mjs";
import { markdown } from "../markdown.mjs";
import { words } from "../words.mjs";

const { model: labels } = words;

export async function show({ api }) {
  const { name, card, urgent_classes: urgent } = await api.model();
  return {
    title: labels.title,
    kind: "narrow prose",
    content: [
      el("h1", {}, labels.inUse(name.replace("/", " "))),
      urgent?.length && el("p", { class: "hint" }, labels.urgent(urgent)),
      el("article", { "aria-label": labels.card }, markdown(card)),
    ],
  };
}
