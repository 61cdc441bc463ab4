// Uploads pictures directly to S3, a few at a time, and polls their states until each is final.

import { reportError } from "./dom.mjs";

const AT_ONCE = 3;
const IDS_PER_REQUEST = 50;
const PATIENCE = 120; // seconds after which a picture is late
const ENDS = ["reported", "rejected", "failed"];

// A picture in the list. `stage` is a key of words.upload.stage.
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
  // `changed` is called with each picture whose stage or progress has changed.
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
    this.pictures = [];
    this.microscope = ""; // name of the one that was chosen last
    this.timer = null;
  }

  add(picture) {
    this.pictures.push(picture);
    this.changed(picture);
  }

  remove(picture) {
    this.pictures = this.pictures.filter((other) => other !== picture);
  }

  set(picture, stage, changes = {}) {
    Object.assign(picture, { stage, text: undefined }, changes);
    this.changed(picture);
  }

  get waiting() {
    return this.pictures.filter(({ stage }) => ["ready", "broken", "held"].includes(stage));
  }

  get held() {
    return this.pictures.filter(({ stage }) => stage === "held");
  }

  // `ids` are patient, slide, the microscope if it is known, and names_confirmed if the user was asked about these pictures.
  async send(ids, pictures = this.waiting) {
    const queue = [...pictures];
    const work = async () => {
      for (let picture = queue.shift(); picture; picture = queue.shift()) await this.sendPicture(picture, ids);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async sendPicture(picture, ids) {
    this.set(picture, "sending", { share: 0 });
    const upload = await this.api.openUpload({ ...ids, field: picture.name }).catch((error) => {
      if (error.code === "unconfirmed_names") return this.set(picture, "held", { names: error.names });
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

  // Poll with growing pauses while nothing finishes.
  watch(pause = 700) {
    if (this.timer) return;
    this.timer = setTimeout(() => this.poll(pause).catch(reportError), pause);
  }

  async poll(pause) {
    this.timer = null;
    const open = this.pictures.filter((picture) => picture.id && !picture.done).slice(0, IDS_PER_REQUEST);
    if (!open.length) return;
    const finished = await this.updateStates(open);
    this.watch(finished ? 700 : Math.min(5000, pause * 1.3));
  }

  async updateStates(open) {
    const answer = await this.api.states(open.map(({ id }) => id)).catch((error) => {
      if (error.status === undefined) throw error;
    });
    let finished = false;
    for (const picture of answer ? open : []) {
      const state = answer.states[picture.id];
      const late = Date.now() - picture.since > 1000 * PATIENCE;
      finished ||= ENDS.includes(state);
      if (ENDS.includes(state)) this.set(picture, state, { text: answer.reasons?.[picture.id] });
      else if (picture.stage === "received" || late !== picture.late) this.set(picture, "screening", { late });
    }
    return finished;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }
}

// XMLHttpRequest, because fetch reports no upload progress. Resolves to the version id of the new object.
function post(form, file, progress) {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file); // the last field: S3 ignores all that follow the file
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
