// Sends pictures straight to S3, a few at a time, and asks what has become of them until each has come to an end.

import { complain } from "./dom.mjs";

const AT_ONCE = 3;
const ASKED = 50; // ids a request
const PATIENCE = 120; // seconds after which a picture is late
const ENDS = ["reported", "rejected", "failed"];

// One picture on the list. `stage` is one of words.upload.stage.
export class Picture {
  constructor(file, refusal) {
    this.file = file;
    this.name = file.name;
    this.stage = refusal ? "refused" : "ready";
    this.text = refusal;
    this.share = 0;
  }

  get done() {
    return ENDS.includes(this.stage) || this.stage === "refused";
  }
}

export class Sending {
  // `changed` is called with every picture of which something is new.
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
    this.pictures = [];
    this.timer = null;
  }

  add(picture) {
    this.pictures.push(picture);
    this.changed(picture);
  }

  remove(picture) {
    this.pictures = this.pictures.filter((one) => one !== picture);
  }

  set(picture, stage, changes = {}) {
    Object.assign(picture, { stage, text: undefined }, changes);
    this.changed(picture);
  }

  async send(slide) {
    const queue = this.pictures.filter((one) => ["ready", "broken"].includes(one.stage));
    const work = async () => {
      for (let one = queue.shift(); one; one = queue.shift()) await this.sendOne(one, slide);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async sendOne(picture, slide) {
    this.set(picture, "sending", { share: 0 });
    const upload = await this.api.openUpload({ ...slide, field: picture.name }).catch((error) => {
      this.set(picture, "broken", { text: error.message });
      if (error.status === undefined) throw error; // the session has ended
    });
    if (!upload) return;
    try {
      const version = await post(upload.form, picture.file, (share) => this.set(picture, "sending", { share }));
      const id = await objectId(upload.bucket, upload.key, version);
      this.set(picture, "received", { id, share: 1, since: Date.now() });
      this.watch();
    } catch {
      this.set(picture, "broken");
    }
  }

  // Ask again and again, the more slowly the longer nothing happens; each picture's end is told once.
  watch(pause = 700) {
    if (this.timer) return;
    this.timer = setTimeout(() => this.look(pause).catch(complain), pause);
  }

  async look(pause) {
    this.timer = null;
    const open = this.pictures.filter((one) => one.id && !one.done).slice(0, ASKED);
    if (!open.length) return;
    const news = await this.ask(open);
    this.watch(news ? 700 : Math.min(5000, pause * 1.3));
  }

  async ask(open) {
    const told = await this.api.states(open.map((one) => one.id)).catch((error) => {
      if (error.status === undefined) throw error;
    });
    let news = false;
    for (const one of told ? open : []) {
      const state = told.states[one.id];
      const late = Date.now() - one.since > 1000 * PATIENCE;
      news ||= ENDS.includes(state);
      if (ENDS.includes(state)) this.set(one, state, { text: told.reasons?.[one.id] });
      else if (one.stage === "received" || late !== one.late) this.set(one, "screening", { late });
    }
    return news;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }
}

// XHR, since fetch tells no progress of what it sends. Gives the version that S3 made.
function post(form, file, progress) {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file); // S3 ignores whatever comes behind it
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      const version = request.getResponseHeader("x-amz-version-id");
      if (request.status < 300 && version) resolve(version);
      else reject(new Error(`S3 answered ${request.status}`));
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => reject(new Error(name)));
    request.open("POST", form.url);
    request.send(body);
  });
}

// The rule that POST /uploads states as id_rule; its lengths count characters, not UTF-16 units.
export async function objectId(...parts) {
  const text = parts.map((part) => `${[...part].length}:${part}`).join("");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
}
