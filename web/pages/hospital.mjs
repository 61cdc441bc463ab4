// Settings that each hospital chooses.

import { el, field, once, announce, select } from "../dom.mjs";
import { words } from "../words.mjs";

const { hospital: labels } = words;

export async function show({ api }) {
  const settings = await api.hospital();
  const form = new Form(settings);
  const button = el("button", { class: "strong" }, labels.save);
  const save = (event) => {
    event.preventDefault();
    once(button, async () => {
      await api.setHospital({ ...settings, ...form.values() });
      announce(labels.saved);
    });
  };
  return { title: labels.title, kind: "narrow", content: [el("h1", {}, labels.title), el("form", { class: "settings", onsubmit: save }, form.groups(), button)] };
}

class Form {
  constructor(settings) {
    const lines = (texts) => el("textarea", { rows: "3", spellcheck: "false" }, texts.join("\n"));
    const choice = (options, chosen) => select(Object.entries(options), String(chosen));
    this.release = choice(labels.releases, settings.release);
    this.reviewers = choice(labels.reviewer, settings.reviewers);
    this.recipients = lines(settings.recipients);
    this.escalate = el("input", { type: "number", min: "1", max: "1440", required: true, value: String(settings.escalate_after_minutes) });
    this.laboratory = lines(settings.laboratory);
    this.administrators = lines(settings.administrators);
    this.detail = choice(labels.mailDetails, settings.mail_detail);
    this.channel = choice(labels.channels, settings.patient_channel);
    this.telephone = el("input", { type: "tel", pattern: "\\+?[0-9 \\(\\)\\/\\-]{3,32}", value: settings.telephone ?? "" });
    this.fhir = choice({ R5: "R5", R4B: "R4B" }, settings.fhir);
  }

  groups() {
    const group = (name, ...fields) => el("fieldset", { class: "card" }, el("legend", {}, labels.groups[name]), fields);
    return [
      group("patient", field(labels.release, this.release), field(labels.channel, this.channel), field(labels.telephone, this.telephone)),
      group("review", field(labels.reviewers, this.reviewers)),
      group("mail", field(labels.recipients, this.recipients, labels.recipientsHint), field(labels.escalate, this.escalate),
        field(labels.laboratory, this.laboratory, labels.laboratoryHint), field(labels.administrators, this.administrators, labels.administratorsHint),
        field(labels.mailDetail, this.detail)),
      group("exchange", field(labels.fhir, this.fhir)),
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
      administrators: lines(this.administrators),
      mail_detail: this.detail.value,
      patient_channel: this.channel.value,
      telephone: this.telephone.value.trim() || null,
      fhir: this.fhir.value,
    };
  }
}
