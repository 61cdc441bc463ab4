// Which model answers, and what is known of it.

import { el } from "../dom.mjs";
import { markdown } from "../markdown.mjs";
import { words } from "../words.mjs";

const { model: told } = words;

export async function show({ api }) {
  const { name, card, urgent_classes: urgent } = await api.model();
  return {
    title: told.title,
    kind: "narrow prose",
    content: [
      el("h1", {}, told.inUse(name.replace("/", " "))),
      urgent?.length && el("p", { class: "hint" }, told.urgent(urgent)),
      el("article", { "aria-label": told.card }, markdown(card)),
    ],
  };
}
