// Upload the pictures of one slide and follow their states.

import { SUFFIXES, faultOf, objection } from "../checks.mjs";
import { announce, bar, confirmed, el, field, name, once, reportError, select } from "../dom.mjs";
import { megabytes, percent } from "../numbers.mjs";
import { Picture, Sending } from "../sending.mjs";
import { words } from "../words.mjs";

const { upload } = words;
const SHOWN = 5; // file names in the question

let sending; // the list outlives the page, so that a user who opens a report and returns finds it again

export function show({ api }) {
  sending ??= new Sending(api);
  const page = new Page(sending);
  sending.api = api;
  sending.changed = (picture) => page.draw(picture);
  sending.watch();
  page.offer(api).catch(reportError);
  return { title: upload.title, kind: "upload", content: page.content, leave: () => (sending.changed = () => undefined) };
}

class Page {
  constructor(sending) {
    this.sending = sending;
    this.rows = new Map();
    this.patient = el("input", { type: "text", autocomplete: "off", spellcheck: "false", required: true, oninput: clearFault });
    this.slide = el("input", { type: "text", autocomplete: "off", spellcheck: "false", required: true, oninput: clearFault });
    this.microscope = select([["", upload.noMicroscope]], "", { onchange: () => (this.sending.microscope = this.microscope.value) });
    this.button = el("button", { class: "strong", onclick: () => once(this.button, () => this.send()) });
    this.clear = el("button", { onclick: () => this.clearDone(), hidden: true }, upload.clear);
    this.count = el("p", { class: "hint", role: "status" });
    this.list = el("ul", { class: "pictures" });
    this.files = el("input", {
      type: "file", multiple: true, accept: SUFFIXES.join(","), id: "files", class: "unseen",
      onchange: () => this.take([...this.files.files]),
    });
    this.content = [
      el("h1", {}, upload.title),
      el("p", { class: "lead" }, upload.lead),
      el("div", { class: "pair" }, field(upload.patient, this.patient, upload.ids), field(upload.slide, this.slide),
        field(upload.microscope, this.microscope)),
      this.dropZone(),
      el("section", { "aria-label": upload.list },
        el("div", { class: "actions" }, this.button, this.clear, this.count), this.list),
    ];
    sending.pictures.forEach((picture) => this.draw(picture));
    this.update();
  }

  // The hospital's microscopes; the one that was chosen last stays chosen.
  async offer(api) {
    const { microscopes } = await api.microscopes();
    const chosen = this.sending.microscope;
    this.microscope.append(...microscopes.map((known) => el("option", { value: known.name, selected: known.name === chosen }, known.name)));
  }

  dropZone() {
    const zone = el("div", { class: "drop" },
      el("p", { class: "big" }, upload.drop),
      el("p", {}, upload.or),
      this.files, el("label", { for: "files", class: "button" }, upload.choose),
      el("p", { class: "hint" }, upload.formats));
    const over = (event) => {
      event.preventDefault();
      zone.classList.toggle("over", event.type === "dragover");
    };
    for (const name of ["dragover", "dragleave"]) zone.addEventListener(name, over);
    zone.addEventListener("drop", (event) => {
      over(event);
      this.take([...event.dataTransfer.files]);
    });
    return zone;
  }

  async take(files) {
    this.files.value = ""; // lets the user choose the same file again
    for (const file of files) {
      const taken = this.sending.pictures.filter(({ stage }) => stage !== "refused").map((picture) => picture.name);
      this.sending.add(new Picture(file, await objection(file, taken)));
    }
  }

  async send() {
    const slide = { patient: this.patient.value.trim(), slide: this.slide.value.trim(), microscope: this.microscope.value || undefined };
    for (const [id, control] of [["patient", this.patient], ["slide", this.slide]]) {
      const fault = faultOf(slide[id]);
      if (slide[id] && !fault) continue;
      control.setAttribute("aria-invalid", "true");
      control.focus();
      return announce(slide[id] ? upload.wrongId(fault) : upload.needIds, "alarm");
    }
    announce("");
    await this.sending.send(slide);
    const { held } = this.sending;
    if (held.length && (await this.isConfirmed(held))) await this.sending.send({ ...slide, names_confirmed: true }, held);
  }

  // Only what the service asked about is confirmed. While the question stands, ids and list can't change.
  isConfirmed(held) {
    const { title, text, part, likeness, files, back, send } = upload.held;
    const { patient, slide } = held[0].names;
    const ids = Object.entries({ patient, slide }).filter(([, found]) => found)
      .map(([id, found]) => el("li", {}, `${part[id]} ${likeness[found]}: “`, name(this[id].value.trim()), "”"));
    const named = Object.keys(likeness).map((found) => [found, held.filter(({ names }) => names.field === found)])
      .filter(([, pictures]) => pictures.length)
      .map(([found, pictures]) => el("li", {}, `${files(pictures.length, likeness[found])} `,
        pictures.slice(0, SHOWN).map((picture, place) => [place ? ", “" : "“", name(picture.name), "”"]), pictures.length > SHOWN && ", …"));
    return confirmed(title, [el("h2", {}, title), el("ul", {}, ids, named), el("p", {}, text)], back, send);
  }

  clearDone() {
    for (const picture of this.sending.pictures.filter(({ done }) => done)) this.drop(picture);
    this.list.querySelector("button, a")?.focus();
  }

  drop(picture) {
    this.sending.remove(picture);
    this.rows.get(picture)?.remove();
    this.rows.delete(picture);
    this.update();
  }

  draw(picture) {
    const row = el("li", { class: `picture ${picture.stage}` },
      name(picture.name),
      el("span", { class: "size" }, megabytes(picture.file.size)),
      el("span", { class: "stage" }, upload.stage[picture.stage], picture.stage === "sending" && ` ${percent(picture.share, 0)}`),
      picture.stage === "sending" && el("span", {
        role: "progressbar", "aria-label": upload.progress(picture.name), "aria-valuenow": Math.round(100 * picture.share).toString(),
        "aria-valuemin": "0", "aria-valuemax": "100",
      }, bar(picture.share)),
      hintOf(picture),
      el("span", { class: "do" }, this.actionOf(picture)));
    const shown = this.rows.get(picture);
    if (shown) shown.replaceWith(row);
    else this.list.append(row);
    this.rows.set(picture, row);
    this.update();
  }

  actionOf(picture) {
    if (picture.stage === "reported") return el("a", { class: "button", href: `#/reports/${picture.id}` }, upload.open);
    if (!["ready", "refused", "broken", "held"].includes(picture.stage)) return undefined;
    return el("button", { class: "plain", "aria-label": upload.removeNamed(picture.name), onclick: () => this.drop(picture) }, upload.remove);
  }

  update() {
    const { pictures } = this.sending;
    const ready = this.sending.waiting.length;
    const sent = pictures.filter(({ id }) => id);
    this.button.textContent = upload.send(ready);
    this.button.hidden = !ready;
    this.clear.hidden = !pictures.some(({ done }) => done);
    this.count.textContent = sent.length ? upload.finished(sent.filter(({ done }) => done).length, sent.length) : pictures.length ? "" : upload.none;
  }
}

function hintOf({ stage, text, late, names }) {
  if (stage === "held") {
    const { part, likeness } = upload.held;
    return el("span", { class: "note" }, Object.entries(names).map(([id, found]) => `${part[id]} ${likeness[found]}. `));
  }
  const message = text?.message ?? text ?? (late ? upload.stageHint.late : upload.stageHint[stage]);
  return message && el("span", { class: "note" }, message, text?.advice && ` ${text.advice}`);
}

function clearFault(event) {
  event.target.removeAttribute("aria-invalid");
}
