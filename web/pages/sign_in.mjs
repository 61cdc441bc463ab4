// The sign-in page.

import { el, once } from "../dom.mjs";
import { words } from "../words.mjs";

const { signIn } = words;

// `text` tells a user whose session has ended why they see this page.
export function show({ begin, text }) {
  const button = el("button", { class: "strong", onclick: () => once(button, begin) }, signIn.button);
  return {
    title: signIn.title,
    kind: "gate",
    content: [
      el("img", { class: "field-of-view", src: "field.svg", alt: "" }),
      el("section", {},
        el("h1", {}, signIn.heading),
        text && el("p", { class: "message calm", role: "status" }, text),
        el("p", { class: "lead" }, signIn.text),
        button,
        el("p", { class: "hint" }, signIn.second),
        el("p", { class: "hint" }, el("a", { href: "open.html" }, signIn.file))),
    ],
  };
}
