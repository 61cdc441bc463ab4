// Frame of the portal: session, navigation, routing and error messages.

import { Api, Problem } from "./api.mjs";
import { el, present, announce } from "./dom.mjs";
import { Session, SessionEnded } from "./session.mjs";
import { words } from "./words.mjs";

// Address -> page module and the roles that may open it. A page's module is loaded when the page is first opened.
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
  [/^#\/admin\/microscopes$/, "microscopes", ["admin"]],
  [/^#\/admin\/microscopes\/(?<id>[0-9a-f]{32})$/, "microscope", ["admin"]],
  [/^#\/admin\/model$/, "model", STAFF],
  [/^#\/admin\/trail$/, "trail", ["admin"]],
];
const NAVIGATION = {
  technician: { upload: "#/upload", worklist: "#/worklist", model: "#/admin/model" },
  clinician: { worklist: "#/worklist", upload: "#/upload", model: "#/admin/model" },
  patient: { results: "#/results" },
  admin: {
    figures: "#/admin/figures", worklist: "#/worklist", users: "#/admin/users", hospital: "#/admin/hospital",
    microscopes: "#/admin/microscopes", model: "#/admin/model", trail: "#/admin/trail",
  },
};

const main = document.querySelector("main");
let session, api, me, leave, navigation = 0;

async function start() {
  document.querySelector("#skip").textContent = words.skip;
  document.querySelector("footer").textContent = words.disclaimer;
  addEventListener("hashchange", show);
  addEventListener("pageerror", (event) => showPartError(event.detail));
  document.querySelector("#skip").addEventListener("click", (event) => {
    event.preventDefault(); // the hash holds the page's address, so it can't hold an anchor
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
  const mine = (navigation += 1);
  leave?.();
  leave = undefined;
  announce("");
  try {
    if (!session.open) return void (await signIn());
    me ??= await api.me();
    frame();
    const [address, query] = location.hash.split("?");
    const home = Object.values(NAVIGATION[me.role])[0];
    if (!address || address === "#/" || address === "#") return void location.replace(home);
    const [pattern, name] = PAGES.find(([route, , roles]) => route.test(address) && roles.includes(me.role)) ?? [];
    if (!name) throw new Problem(404, words.problem.page);
    const page = await import(`./pages/${name}.mjs`);
    const shown = await page.show({
      api, me, named: pattern.exec(address).groups ?? {}, query: new URLSearchParams(query),
    });
    if (mine !== navigation) return void shown.leave?.();
    leave = shown.leave;
    place(shown);
  } catch (error) {
    if (mine === navigation) failed(error);
  }
}

// Shows a page. Moving the focus to its heading makes screen readers announce it.
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
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone only some links are visible
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

// Shows an error in place of a page.
function failed(error, ended) {
  if (error instanceof SessionEnded) return endSession(ended);
  return place({
    title: words.problem.heading,
    kind: "narrow",
    content: [
      el("h1", {}, words.problem.heading), el("p", {}, messageOf(error)), el("button", { onclick: show }, words.problem.again),
    ],
  });
}

// Shows an error in part of a page; the rest stays.
function showPartError(error) {
  if (error instanceof SessionEnded) return endSession();
  return announce(messageOf(error), "alarm");
}

// An expired session is not an error: show the sign-in page, which leads back to this address.
function endSession(text = words.signIn.ended) {
  navigation += 1;
  leave?.();
  leave = undefined;
  signIn(text);
}

function messageOf(error) {
  if (error instanceof Problem) return error.message;
  console.error(error);
  return words.problem.script;
}

start();
