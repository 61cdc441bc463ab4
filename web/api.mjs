// Calls of the portal's API. docs/contracts/openapi.json says what each returns.

import { SessionEnded } from "./session.mjs";
import { words } from "./words.mjs";

// An answer that is not a success; its text may be shown.
export class Problem extends Error {
  constructor(status, text, { code, names } = {}) {
    super(text);
    this.status = status;
    this.code = code; // of a problem that the page answers by asking its user
    this.names = names;
  }
}

// Each call: its route, and the names that it sends, in the query of a GET and else in a JSON body. A test compares this table
// with the service's own.
const calls = {
  me: ["GET /me"],
  openUpload: ["POST /uploads", "patient", "slide", "microscope", "field", "names_confirmed"],
  states: ["GET /states", "ids"],
  worklist: ["GET /reports", "slide", "state", "decision", "urgent", "cursor"],
  report: ["GET /reports/{object_id}"],
  pdf: ["GET /reports/{object_id}/report.pdf"],
  fhir: ["GET /reports/{object_id}/report.fhir.json"],
  giveVerdict: ["POST /reports/{object_id}/verdicts", "model", "kind", "label", "comment"],
  release: ["POST /reports/{object_id}/release", "model"],
  acknowledge: ["POST /reports/{object_id}/acknowledgement"],
  slideReport: ["GET /slides", "slide", "patient"],
  summaries: ["GET /summaries"],
  hospital: ["GET /hospital"],
  setHospital: ["PUT /hospital", "release", "mail_detail", "recipients", "escalate_after_minutes", "laboratory", "administrators", "patient_channel", "telephone", "reviewers", "fhir"],
  users: ["GET /users", "cursor"],
  invite: ["POST /users", "email", "role", "patient"],
  remove: ["DELETE /users/{username}"],
  microscopes: ["GET /microscopes"],
  microscope: ["GET /microscopes/{microscope_id}"],
  registerMicroscope: ["POST /microscopes", "name", "make", "objective"],
  describeMicroscope: ["PUT /microscopes/{microscope_id}", "make", "objective"],
  suspendMicroscope: ["POST /microscopes/{microscope_id}/suspension", "reason"],
  resumeMicroscope: ["DELETE /microscopes/{microscope_id}/suspension"],
  microscopeChart: ["GET /microscopes/{microscope_id}/chart"],
  acknowledgeAlarm: ["DELETE /microscopes/{microscope_id}/alarm"],
  rescreen: ["POST /microscopes/{microscope_id}/rescreening"],
  microscopeFields: ["GET /microscopes/{microscope_id}/fields", "since"],
  commissioning: ["GET /microscopes/{microscope_id}/commissioning"],
  commission: ["POST /microscopes/{microscope_id}/commissioning", "since"],
  useProfile: ["PUT /microscopes/{microscope_id}/profile", "profile"],
  verification: ["GET /microscopes/{microscope_id}/verification"],
  verify: ["POST /microscopes/{microscope_id}/verification", "slides", "table", "again", "limits"],
  proofPdf: ["GET /microscopes/{microscope_id}/proof.pdf", "sha256"],
  model: ["GET /model"],
  figures: ["GET /figures", "days"],
  audit: ["GET /audit", "after"],
};

const query = (sent) => {
  const given = Object.entries(sent).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

// Method, path and body of a call. A name that the route does not take is a mistake of the page.
function request([route, ...names], id, sent = {}) {
  const unknown = Object.keys(sent).filter((name) => !names.includes(name));
  if (unknown.length) throw new Error(`${route} does not take ${unknown.join(", ")}`);
  const [method, template] = route.split(" ");
  const path = template.replace(/\{\w+\}/, () => encodeURIComponent(id));
  if (method === "GET") return { method, path: path + query(sent) };
  return { method, path, body: names.length ? JSON.stringify(sent) : undefined };
}

export class Api {
  constructor(base, session) {
    this.base = base;
    this.session = session;
  }

  me = () => this.json(calls.me);
  openUpload = (picture) => this.json(calls.openUpload, null, picture);
  states = (ids) => this.json(calls.states, null, { ids: ids.join(",") });
  worklist = (filter) => this.json(calls.worklist, null, filter);
  report = (id) => this.json(calls.report, id);
  pdf = (id) => this.file(calls.pdf, id);
  fhir = (id) => this.file(calls.fhir, id);
  giveVerdict = (id, verdict) => this.json(calls.giveVerdict, id, verdict);
  release = (id, model) => this.json(calls.release, id, { model });
  acknowledge = (id) => this.json(calls.acknowledge, id);
  slideReport = (slide) => this.json(calls.slideReport, null, slide);
  summaries = () => this.json(calls.summaries);
  hospital = () => this.json(calls.hospital);
  setHospital = (settings) => this.json(calls.setHospital, null, settings);
  users = (cursor) => this.json(calls.users, null, { cursor });
  invite = (user) => this.json(calls.invite, null, user);
  remove = (username) => this.json(calls.remove, username);
  microscopes = () => this.json(calls.microscopes);
  microscope = (id) => this.json(calls.microscope, id);
  registerMicroscope = (microscope) => this.json(calls.registerMicroscope, null, microscope);
  describeMicroscope = (id, description) => this.json(calls.describeMicroscope, id, description);
  suspendMicroscope = (id, suspension) => this.json(calls.suspendMicroscope, id, suspension);
  resumeMicroscope = (id) => this.json(calls.resumeMicroscope, id);
  microscopeChart = (id) => this.json(calls.microscopeChart, id);
  acknowledgeAlarm = (id) => this.json(calls.acknowledgeAlarm, id);
  rescreen = (id) => this.json(calls.rescreen, id);
  microscopeFields = (id, since) => this.json(calls.microscopeFields, id, { since });
  commissioning = (id) => this.json(calls.commissioning, id);
  commission = (id, request) => this.json(calls.commission, id, request);
  useProfile = (id, choice) => this.json(calls.useProfile, id, choice);
  verification = (id) => this.json(calls.verification, id);
  verify = (id, request) => this.json(calls.verify, id, request);
  proofPdf = (id, sha256) => this.file(calls.proofPdf, id, { sha256 });
  model = () => this.json(calls.model);
  figures = (days) => this.json(calls.figures, null, { days });
  audit = (after) => this.json(calls.audit, null, { after });

  async json(...call) {
    const answer = await this.ask(request(...call));
    return answer.status === 204 ? null : answer.json();
  }

  async file(...call) {
    return (await this.ask(request(...call))).blob();
  }

  // A token can expire between its check here and the service's: then it is renewed once.
  async ask(asked) {
    let answer = await this.send(asked, await this.token());
    if (answer.status === 401) {
      await this.renew();
      answer = await this.send(asked, await this.token());
    }
    if (answer.status === 401) {
      this.session.forget();
      throw new SessionEnded();
    }
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, problem.detail ?? words.problem.of(answer.status), problem);
  }

  token = () => reached(() => this.session.token());
  renew = () => reached(() => this.session.renew());

  send({ method, path, body }, token) {
    const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) };
    return reached(() => fetch(`${this.base}${path}`, { method, headers, body, cache: "no-store" }));
  }
}

// Where network or server cannot be reached, the browser only throws a TypeError.
async function reached(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError) throw new Problem(0, words.problem.offline);
    throw error;
  }
}
