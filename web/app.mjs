// The frame of the portal: who is signed in, which page is asked for, what is said when something fails.

import { Api, Problem } from "./api.mjs";
import { el, present, say } from "./dom.mjs";
import { Session, SessionEnded } from "./session.mjs";
import { words } from "./words.mjs";

// Address -> module of the page, and who may open it. A page is loaded when it is first asked for.
const STAFF = ["technician", "clinician", "admin"];
const PAGES = [
  [/^#\/worklist$/, "worklist", STAFF],
  [/^#\/reports\/(?<id>[0-9a-f]{32})$/, "report", STAFF],
  [/^#\/reports\/(?<id>[0-9a-f]{32})$/, "patient", ["patient"]],
  [/^#\/upload$/, "upload", ["technician", "clinician"]],
  [/^#\/results$/, "patient", ["patient"]],
  [/^#\/admin\/figures$/, "figures", ["admin"]],
  [/^#\/admin\/users$/, "users", ["admin"]],
  [/^#\/admin\/hospital$/, "hospital", ["admin"]],
  [/^#\/admin\/model$/, "model", STAFF],
  [/^#\/admin\/trail$/, "trail", ["admin"]],
];
const NAVIGATION = {
  technician: { upload: "#/upload", worklist: "#/worklist", model: "#/admin/model" },
  clinician: { worklist: "#/worklist", upload: "#/upload", model: "#/admin/model" },
  patient: { results: "#/results" },
  admin: {
    figures: "#/admin/figures", worklist: "#/worklist", users: "#/admin/users", hospital: "#/admin/hospital", model: "#/admin/model",
    trail: "#/admin/trail",
  },
};

const main = document.querySelector("main");
let session, api, me, leave, turn = 0;

async function start() {
  document.querySelector("#skip").textContent = words.skip;
  document.querySelector("footer").textContent = words.disclaimer;
  addEventListener("hashchange", show);
  addEventListener("complaint", (event) => hear(event.detail));
  document.querySelector("#skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address names the page, so it can't name a place on it
    main.focus();
  });
  try {
    const config = await (await fetch("config.json", { cache: "no-cache" })).json();
    session = new Session(config);
    api = new Api(config.api, session);
    await session.finish();
  } catch (error) {
    return failed(error, words.signIn.refused);
  }
  return show();
}

async function show() {
  const mine = (turn += 1);
  leave?.();
  leave = undefined;
  say("");
  try {
    if (!session.open) return void (await signIn());
    me ??= await api.me();
    frame();
    const [address, asked] = location.hash.split("?");
    const home = Object.values(NAVIGATION[me.role])[0];
    if (!address || address === "#/" || address === "#") return void location.replace(home);
    const [pattern, name] = PAGES.find(([one, , roles]) => one.test(address) && roles.includes(me.role)) ?? [];
    if (!name) throw new Problem(404, words.problem.page);
    const page = await import(`./pages/${name}.mjs`);
    const shown = await page.show({
      api, me, named: pattern.exec(address).groups ?? {}, asked: new URLSearchParams(asked),
    });
    if (mine !== turn) return void shown.leave?.();
    leave = shown.leave;
    place(shown);
  } catch (error) {
    if (mine === turn) failed(error);
  }
}

// Lays a page into the frame; a person who hears the page is told by the focus on its heading.
function place({ title, kind, content }) {
  document.title = `${title} · Hemascope`;
  main.className = kind ?? "";
  main.replaceChildren(...present(content));
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function frame() {
  const here = location.hash.split("?")[0];
  const links = Object.entries(NAVIGATION[me.role]).map(([name, address]) =>
    el("a", { href: address, "aria-current": here === address ? "page" : undefined }, words.navigation[name]));
  document.body.classList.add("inside");
  document.querySelector("nav").setAttribute("aria-label", words.navigation.label);
  document.querySelector("nav").replaceChildren(...(links.length > 1 ? links : []));
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // a phone shows a part of them
  document.querySelector("#person").replaceChildren(
    el("span", { class: "who" }, el("b", {}, session.name), " ", el("span", {}, words.role[me.role], el("span", { class: "place" }, `, ${me.hospital}`))),
    el("button", { class: "plain", onclick: () => session.signOut() }, words.navigation.signOut));
}

async function signIn(text) {
  me = undefined;
  document.body.classList.remove("inside");
  document.querySelector("nav").replaceChildren();
  document.querySelector("#person").replaceChildren();
  const page = await import("./pages/sign_in.mjs");
  place(page.show({ begin: () => session.begin(location.hash), text }));
}

// Says what went wrong with a whole page.
function failed(error, ended) {
  if (error instanceof SessionEnded) return over(ended);
  return place({
    title: words.problem.heading,
    kind: "narrow",
    content: [
      el("h1", {}, words.problem.heading), el("p", {}, told(error)), el("button", { onclick: show }, words.problem.again),
    ],
  });
}

// Says what went wrong with a part of a page, which stands.
function hear(error) {
  if (error instanceof SessionEnded) return over();
  return say(told(error), "alarm");
}

// A session that has ended is no fault: it leads to the sign-in page, and from there back to this address.
function over(text = words.signIn.ended) {
  turn += 1;
  leave?.();
  leave = undefined;
  signIn(text);
}

function told(error) {
  if (error instanceof Problem) return error.message;
  console.error(error);
  return words.problem.script;
}

start();
