// Creates elements. Text always becomes text nodes, so input from people or files can never become markup.

const SVG = "http://www.w3.org/2000/svg";

// Flattens nested lists of children and drops those that are not shown.
export const present = (children) => children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true && name in element) element[name] = true; // properties without an attribute, such as the current selection
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

// el("p", { class: "quiet" }, "text", el("b", {}, "more"))
export const el = (name, properties = {}, ...children) => fill(document.createElement(name), properties, children);

export const svg = (name, properties = {}, ...children) => fill(document.createElementNS(SVG, name), properties, children);

// An id or file name: it keeps its blanks, and its writing direction changes nothing beside it.
export const name = (text) => el("bdi", { class: "name" }, text);

// Asks for confirmation; resolves to whether it was given. Escape means no.
export function confirmed(label, content, no, yes, kind = "") {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-label": label, onclose: () => (resolve(dialog.returnValue === "yes"), dialog.remove()) },
      el("form", { method: "dialog" }, content,
        el("p", { class: "actions" }, el("button", { value: "no", formnovalidate: true }, no), el("button", { value: "yes", class: `strong ${kind}` }, yes))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A label, its control and a hint that screen readers announce with it.
let fieldCount = 0;
export function field(label, control, hint) {
  control.id ||= `field-${(fieldCount += 1)}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return el("div", { class: "field" },
    el("label", { for: control.id }, label), control, hint && el("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

export const select = (options, chosen, properties = {}) =>
  el("select", properties, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));

// Shows a message and announces it to screen readers.
export function announce(text, tone = "calm") {
  const line = document.querySelector("#message");
  line.replaceChildren(text ? el("p", { class: `message ${tone}` }, text) : "");
}

// A horizontal bar. A script sets its width because the page's policy forbids style attributes.
export function bar(share, kind = "") {
  const inner = el("span", { class: "bar-inner" });
  inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return el("span", { class: `bar ${kind}`, "aria-hidden": "true" }, inner);
}

// Reports an error in part of a page; app.mjs shows it.
export const reportError = (error) => dispatchEvent(new CustomEvent("pageerror", { detail: error }));

// Disables a button while its work runs, so that nothing is sent twice.
export async function once(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  await work().catch(reportError);
  button.disabled = false;
}
