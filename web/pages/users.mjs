// Who may sign in for this hospital.

import { el, field, once, say, select } from "../dom.mjs";
import { words } from "../words.mjs";

const { users: told } = words;

export async function show({ api }) {
  const table = el("div", {});
  const draw = async () => {
    const users = [];
    for (let page = await api.users(); page; page = page.cursor && (await api.users(page.cursor))) users.push(...page.users);
    table.replaceChildren(users.length ? listed(users, remove) : el("p", { class: "hint" }, told.none));
  };
  const remove = async (user) => {
    if (!(await sure(told.sure(nameOf(user))))) return;
    await api.remove(user.username);
    await draw();
    say(told.removed);
  };
  await draw();
  return { title: told.title, content: [el("h1", {}, told.title), el("p", { class: "lead" }, told.lead), invitation(api, draw), el("section", {}, table)] };
}

const nameOf = (user) => user.email ?? user.username;

function listed(users, remove) {
  const columns = [...Object.values(told.columns).map((text) => el("th", { scope: "col" }, text)), el("td", {})];
  const rows = users.map((user) => {
    const button = el("button", { class: "plain", "aria-label": told.removeOne(nameOf(user)), onclick: () => once(button, () => remove(user)) }, told.remove);
    const cell = (name, text) => el("td", { "data-label": told.columns[name] }, text);
    return el("tr", {}, cell("name", nameOf(user)), cell("role", words.role[user.role] ?? user.role), cell("patient", user.patient ?? ""),
      cell("status", (user.status ?? "").toLowerCase().replaceAll("_", " ")), el("td", { class: "do" }, button));
  });
  return el("table", { class: "list" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, rows));
}

function invitation(api, draw) {
  const email = el("input", { type: "email", required: true, autocomplete: "off" });
  const patient = el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const patientField = field(told.patient, patient, told.patientHint);
  const tell = () => {
    patientField.hidden = role.value !== "patient";
    patient.required = role.value === "patient";
  };
  const role = select(Object.entries(words.role), "technician", { onchange: tell });
  tell();
  const button = el("button", { class: "strong" }, told.add);
  const form = el("form", {
    class: "search card",
    onsubmit: (event) => {
      event.preventDefault();
      once(button, async () => {
        await api.invite({ email: email.value.trim(), role: role.value, ...(role.value === "patient" && { patient: patient.value.trim() }) });
        form.reset();
        tell();
        await draw();
        say(told.invited);
      });
    },
  }, field(told.email, email), field(told.role, role), patientField, button);
  return form;
}

// A question that must be answered first; escape is no.
function sure(text) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-label": text, onclose: () => (resolve(dialog.returnValue === "yes"), dialog.remove()) },
      el("form", { method: "dialog" }, el("p", {}, text),
        el("p", { class: "actions" }, el("button", { value: "no" }, words.cancel), el("button", { value: "yes", class: "strong alarm" }, told.remove))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
