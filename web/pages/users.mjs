// Accounts of this hospital.

import { announce, confirmed, el, field, name, once, select } from "../dom.mjs";
import { words } from "../words.mjs";

const { users: labels } = words;

export async function show({ api }) {
  const table = el("div", {});
  const draw = async () => {
    const users = [];
    for (let page = await api.users(); page; page = page.cursor && (await api.users(page.cursor))) users.push(...page.users);
    table.replaceChildren(users.length ? listed(users, remove) : el("p", { class: "hint" }, labels.none));
  };
  const remove = async (user) => {
    if (!(await confirmed(labels.confirmRemoval(nameOf(user)), el("p", {}, labels.confirmRemoval(nameOf(user))), words.cancel, labels.remove, "alarm"))) return;
    await api.remove(user.username);
    await draw();
    announce(labels.removed);
  };
  await draw();
  return { title: labels.title, content: [el("h1", {}, labels.title), el("p", { class: "lead" }, labels.lead), invitation(api, draw), el("section", {}, table)] };
}

const nameOf = (user) => user.email ?? user.username;

function listed(users, remove) {
  const columns = [...Object.values(labels.columns).map((text) => el("th", { scope: "col" }, text)), el("td", {})];
  const rows = users.map((user) => {
    const button = el("button", { class: "plain", "aria-label": labels.removeNamed(nameOf(user)), onclick: () => once(button, () => remove(user)) }, labels.remove);
    const cell = (column, text) => el("td", { "data-label": labels.columns[column] }, text);
    return el("tr", {}, cell("name", nameOf(user)), cell("role", words.role[user.role] ?? user.role), cell("patient", name(user.patient ?? "")),
      cell("status", labels.status[user.status] ?? (user.status ?? "").toLowerCase().replaceAll("_", " ")), el("td", { class: "do" }, button));
  });
  return el("table", { class: "list" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows));
}

function invitation(api, draw) {
  const email = el("input", { type: "email", required: true, autocomplete: "off" });
  const patient = el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const patientField = field(labels.patient, patient, labels.patientHint);
  const update = () => {
    patientField.hidden = role.value !== "patient";
    patient.required = role.value === "patient";
  };
  const role = select(Object.entries(words.role), "technician", { onchange: update });
  update();
  const button = el("button", { class: "strong" }, labels.add);
  const form = el("form", {
    class: "search card",
    onsubmit: (event) => {
      event.preventDefault();
      once(button, async () => {
        await api.invite({ email: email.value.trim(), role: role.value, ...(role.value === "patient" && { patient: patient.value.trim() }) });
        form.reset();
        update();
        await draw();
        announce(labels.invited);
      });
    },
  }, field(labels.email, email), field(labels.role, role), patientField, button);
  return form;
}
