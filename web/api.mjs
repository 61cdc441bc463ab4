// The portal's API, route by route. docs/contracts.md says what each gives.

import { SessionEnded } from "./session.mjs";
import { words } from "./words.mjs";

// What the service answered instead of what was asked for; its text may be shown.
export class Problem extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const part = encodeURIComponent;
const query = (asked) => {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export class Api {
  constructor(base, session) {
    this.base = base;
    this.session = session;
  }

  me = () => this.json("GET", "/me");
  openUpload = (picture) => this.json("POST", "/uploads", picture);
  states = (ids) => this.json("GET", `/states${query({ ids: ids.join(",") })}`);
  worklist = (filter) => this.json("GET", `/reports${query(filter)}`);
  report = (id) => this.json("GET", `/reports/${part(id)}`);
  slideReport = (slide) => this.json("GET", `/slides${query(slide)}`);
  giveVerdict = (id, verdict) => this.json("POST", `/reports/${part(id)}/verdicts`, verdict);
  release = (id, model) => this.json("POST", `/reports/${part(id)}/release`, { model });
  acknowledge = (id) => this.json("POST", `/reports/${part(id)}/acknowledgement`);
  file = async (id, name) => (await this.ask("GET", `/reports/${part(id)}/${name}`)).blob();
  summaries = () => this.json("GET", "/summaries");
  hospital = () => this.json("GET", "/hospital");
  setHospital = (settings) => this.json("PUT", "/hospital", settings);
  users = (cursor) => this.json("GET", `/users${query({ cursor })}`);
  invite = (user) => this.json("POST", "/users", user);
  remove = (username) => this.json("DELETE", `/users/${part(username)}`);
  model = () => this.json("GET", "/model");
  figures = (days) => this.json("GET", `/figures${query({ days })}`);
  audit = (after) => this.json("GET", `/audit${query({ after })}`);

  async json(method, path, body) {
    const answer = await this.ask(method, path, body);
    return answer.status === 204 ? null : answer.json();
  }

  // A token can end between its check here and the one there: then it is renewed once.
  async ask(method, path, body) {
    let answer = await this.send(method, path, body, await this.token());
    if (answer.status === 401) {
      await this.renew();
      answer = await this.send(method, path, body, await this.token());
    }
    if (answer.status === 401) {
      this.session.forget();
      throw new SessionEnded();
    }
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, told.detail ?? words.problem.of(answer.status));
  }

  token = () => reached(() => this.session.token());
  renew = () => reached(() => this.session.renew());

  send(method, path, body, token) {
    const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) };
    return reached(() => fetch(`${this.base}${path}`, { method, headers, body: body && JSON.stringify(body), cache: "no-store" }));
  }
}

// A browser says of a network that is away, and of a server that is, nothing but a TypeError.
async function reached(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError) throw new Problem(0, words.problem.offline);
    throw error;
  }
}
