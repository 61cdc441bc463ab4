// Makes elements. Text goes into text nodes alone, so nothing that a person or a file brings can become markup.

const SVG = "http://www.w3.org/2000/svg";

// Children as they are written: lists in lists, and nothing in the place of what is not shown.
export const present = (children) => children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);

function fill(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true && name in made) made[name] = true; // also what no attribute holds, such as what is chosen now
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...present(children));
  return made;
}

// el("p", { class: "quiet" }, "text", el("b", {}, "more"))
export const el = (name, properties = {}, ...children) => fill(document.createElement(name), properties, children);

export const svg = (name, properties = {}, ...children) => fill(document.createElementNS(SVG, name), properties, children);

// A label with its control below it, and a hint that screen readers read with it.
let counted = 0;
export function field(label, control, hint) {
  control.id ||= `field-${(counted += 1)}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return el("div", { class: "field" },
    el("label", { for: control.id }, label), control, hint && el("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

export const select = (options, chosen, properties = {}) =>
  el("select", properties, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));

// Says something to people who see and to people who hear the page.
export function say(text, tone = "calm") {
  const line = document.querySelector("#said");
  line.replaceChildren(text ? el("p", { class: `said ${tone}` }, text) : "");
}

// A wide bar: its width is set by script, since the page allows no style attribute.
export function bar(share, kind = "") {
  const inner = el("span", { class: "bar-inner" });
  inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return el("span", { class: `bar ${kind}`, "aria-hidden": "true" }, inner);
}

// What went wrong with a part of a page. The frame hears it, and says it.
export const complain = (error) => dispatchEvent(new CustomEvent("complaint", { detail: error }));

// Disables a button while its work is under way, so that nothing is sent twice.
export async function once(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  await work().catch(complain);
  button.disabled = false;
}
