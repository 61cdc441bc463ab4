// What a hospital decides for itself.

import { el, field, once, say, select } from "../dom.mjs";
import { words } from "../words.mjs";

const { hospital: told } = words;

export async function show({ api }) {
  const settings = await api.hospital();
  const form = new Form(settings);
  const button = el("button", { class: "strong" }, told.save);
  const save = (event) => {
    event.preventDefault();
    once(button, async () => {
      await api.setHospital({ ...settings, ...form.values() });
      say(told.saved);
    });
  };
  return { title: told.title, kind: "narrow", content: [el("h1", {}, told.title), el("form", { class: "settings", onsubmit: save }, form.groups(), button)] };
}

class Form {
  constructor(settings) {
    const lines = (texts) => el("textarea", { rows: "3", spellcheck: "false" }, texts.join("\n"));
    const one = (options, chosen) => select(Object.entries(options), String(chosen));
    this.release = one(told.releases, settings.release);
    this.reviewers = one(told.reviewer, settings.reviewers);
    this.recipients = lines(settings.recipients);
    this.escalate = el("input", { type: "number", min: "1", max: "1440", required: true, value: String(settings.escalate_after_minutes) });
    this.laboratory = lines(settings.laboratory);
    this.detail = one(told.mailDetails, settings.mail_detail);
    this.channel = one(told.channels, settings.patient_channel);
    this.telephone = el("input", { type: "tel", pattern: "\\+?[0-9 \\(\\)\\/\\-]{3,32}", value: settings.telephone ?? "" });
    this.fhir = one({ R5: "R5", R4B: "R4B" }, settings.fhir);
  }

  groups() {
    const group = (name, ...fields) => el("fieldset", { class: "card" }, el("legend", {}, told.groups[name]), fields);
    return [
      group("patient", field(told.release, this.release), field(told.channel, this.channel), field(told.telephone, this.telephone)),
      group("review", field(told.reviewers, this.reviewers)),
      group("mail", field(told.recipients, this.recipients, told.recipientsHint), field(told.escalate, this.escalate),
        field(told.laboratory, this.laboratory, told.laboratoryHint), field(told.mailDetail, this.detail)),
      group("exchange", field(told.fhir, this.fhir)),
    ];
  }

  values() {
    const lines = (area) => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    return {
      release: this.release.value,
      reviewers: Number(this.reviewers.value),
      recipients: lines(this.recipients),
      escalate_after_minutes: Number(this.escalate.value),
      laboratory: lines(this.laboratory),
      mail_detail: this.detail.value,
      patient_channel: this.channel.value,
      telephone: this.telephone.value.trim() || null,
      fhir: this.fhir.value,
    };
  }
}
