// Send smears of one slide, and watch what becomes of each.

import { isId, objection } from "../checks.mjs";
import { bar, el, field, once, say } from "../dom.mjs";
import { megabytes, percent } from "../numbers.mjs";
import { Picture, Sending } from "../sending.mjs";
import { words } from "../words.mjs";

const { upload } = words;
let kept; // the list outlives the page: who looks at a report and comes back finds it again

export function show({ api }) {
  kept ??= new Sending(api);
  const page = new Page(kept);
  kept.api = api;
  kept.changed = (picture) => page.draw(picture);
  kept.watch();
  return { title: upload.title, kind: "upload", content: page.content, leave: () => (kept.changed = () => undefined) };
}

class Page {
  constructor(sending) {
    this.sending = sending;
    this.rows = new Map();
    this.patient = el("input", { type: "text", autocomplete: "off", spellcheck: "false", required: true, oninput: clearFault });
    this.slide = el("input", { type: "text", autocomplete: "off", spellcheck: "false", required: true, oninput: clearFault });
    this.button = el("button", { class: "strong", onclick: () => once(this.button, () => this.send()) });
    this.clear = el("button", { onclick: () => this.clearDone(), hidden: true }, upload.clear);
    this.count = el("p", { class: "hint", role: "status" });
    this.list = el("ul", { class: "pictures" });
    this.files = el("input", {
      type: "file", multiple: true, accept: ".jpg,.jpeg,.png,.tif,.tiff,.bmp,.webp", id: "files", class: "unseen",
      onchange: () => this.take([...this.files.files]),
    });
    this.content = [
      el("h1", {}, upload.title),
      el("p", { class: "lead" }, upload.lead),
      el("div", { class: "pair" }, field(upload.patient, this.patient, upload.ids), field(upload.slide, this.slide)),
      this.dropZone(),
      el("section", { "aria-label": upload.list },
        el("div", { class: "actions" }, this.button, this.clear, this.count), this.list),
    ];
    sending.pictures.forEach((one) => this.draw(one));
    this.tell();
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
    this.files.value = ""; // so that the same file can be chosen again
    for (const file of files) {
      const names = this.sending.pictures.filter((one) => one.stage !== "refused").map((one) => one.name);
      this.sending.add(new Picture(file, await objection(file, names)));
    }
  }

  async send() {
    const slide = { patient: this.patient.value.trim(), slide: this.slide.value.trim() };
    for (const [name, control] of [["patient", this.patient], ["slide", this.slide]]) {
      if (isId(slide[name])) continue;
      control.setAttribute("aria-invalid", "true");
      control.focus();
      return say(slide[name] ? upload.wrongId : upload.needIds, "alarm");
    }
    say("");
    await this.sending.send(slide);
  }

  clearDone() {
    for (const one of this.sending.pictures.filter((picture) => picture.done)) this.drop(one);
    this.list.querySelector("button, a")?.focus();
  }

  drop(picture) {
    this.sending.remove(picture);
    this.rows.get(picture)?.remove();
    this.rows.delete(picture);
    this.tell();
  }

  draw(picture) {
    const row = el("li", { class: `picture ${picture.stage}` },
      el("span", { class: "name" }, picture.name),
      el("span", { class: "size" }, megabytes(picture.file.size)),
      el("span", { class: "stage" }, upload.stage[picture.stage], picture.stage === "sending" && ` ${percent(picture.share, 0)}`),
      picture.stage === "sending" && el("span", {
        role: "progressbar", "aria-label": upload.progress(picture.name), "aria-valuenow": Math.round(100 * picture.share).toString(),
        "aria-valuemin": "0", "aria-valuemax": "100",
      }, bar(picture.share)),
      hintOf(picture),
      el("span", { class: "do" }, this.doable(picture)));
    const shown = this.rows.get(picture);
    if (shown) shown.replaceWith(row);
    else this.list.append(row);
    this.rows.set(picture, row);
    this.tell();
  }

  doable(picture) {
    if (picture.stage === "reported") return el("a", { class: "button", href: `#/reports/${picture.id}` }, upload.open);
    if (!["ready", "refused", "broken"].includes(picture.stage)) return undefined;
    return el("button", { class: "plain", "aria-label": upload.takeOne(picture.name), onclick: () => this.drop(picture) }, upload.take);
  }

  tell() {
    const { pictures } = this.sending;
    const ready = pictures.filter((one) => ["ready", "broken"].includes(one.stage)).length;
    const sent = pictures.filter((one) => one.id);
    this.button.textContent = upload.send(ready);
    this.button.hidden = !ready;
    this.clear.hidden = !pictures.some((one) => one.done);
    this.count.textContent = sent.length ? upload.drawn(sent.filter((one) => one.done).length, sent.length) : pictures.length ? "" : upload.none;
  }
}

function hintOf({ stage, text, late }) {
  const told = text?.message ?? text ?? (late ? upload.stageHint.late : upload.stageHint[stage]);
  return told && el("span", { class: "note" }, told, text?.advice && ` ${text.advice}`);
}

function clearFault(event) {
  event.target.removeAttribute("aria-invalid");
}
