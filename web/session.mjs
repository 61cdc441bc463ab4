// Signs in on Cognito's managed pages (authorization code with PKCE) and keeps the tokens of this tab.
//
// No script of this site sees a password. Tokens are kept in sessionStorage: they end with the tab, and no other site can read them.

const STORE = "hemascope.session";
const ATTEMPT = "hemascope.attempt";
const EARLY = 30; // seconds before its expiry at which a token is renewed

export class SessionEnded extends Error {}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const page = () => `${location.origin}${location.pathname}`;

export function claims(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (character) => character.charCodeAt(0))));
}

export class Session {
  // config: {sign_in, client}, as config.json names them.
  constructor(config) {
    this.config = config;
    this.tokens = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
    this.renewal = null;
  }

  get open() {
    return this.tokens !== null;
  }

  get name() {
    return this.open ? (claims(this.tokens.id_token)["cognito:username"] ?? "") : "";
  }

  // Go to the sign-in page. After sign-in, the user returns to `place`.
  async begin(place) {
    const attempt = { verifier: random(), state: random(), place };
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(attempt.verifier));
    const parameters = {
      client_id: this.config.client,
      redirect_uri: page(),
      response_type: "code",
      scope: "openid profile",
      state: attempt.state,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    };
    location.assign(`${this.config.sign_in}/oauth2/authorize?${new URLSearchParams(parameters)}`);
  }

  // After the redirect from sign-in: exchange the code for tokens. Returns the place to go to, or null without a redirect.
  async finish() {
    const answer = new URLSearchParams(location.search);
    if (!answer.has("code") && !answer.has("error")) return null;
    const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? "null");
    sessionStorage.removeItem(ATTEMPT);
    history.replaceState(null, "", `${location.pathname}${attempt?.place ?? ""}`);
    if (!attempt || answer.get("state") !== attempt.state || !answer.has("code")) throw new SessionEnded();
    this.keep(await this.exchange({
      grant_type: "authorization_code", code: answer.get("code"), code_verifier: attempt.verifier, redirect_uri: page(),
    }));
    return attempt.place;
  }

  // A token that is valid for at least EARLY seconds.
  async token() {
    if (!this.open) throw new SessionEnded();
    if (claims(this.tokens.id_token).exp - EARLY < Date.now() / 1000) await this.renew();
    return this.tokens.id_token;
  }

  // Concurrent requests share one renewal.
  async renew() {
    this.renewal ??= this.exchange({ grant_type: "refresh_token", refresh_token: this.tokens?.refresh_token ?? "" })
      .then((tokens) => this.keep(tokens))
      .finally(() => (this.renewal = null));
    await this.renewal;
  }

  keep(tokens) {
    this.tokens = { refresh_token: this.tokens?.refresh_token, ...tokens };
    sessionStorage.setItem(STORE, JSON.stringify(this.tokens));
  }

  forget() {
    this.tokens = null;
    sessionStorage.removeItem(STORE);
  }

  signOut() {
    this.forget();
    const parameters = new URLSearchParams({ client_id: this.config.client, logout_uri: page() });
    location.assign(`${this.config.sign_in}/logout?${parameters}`);
  }

  async exchange(fields) {
    const body = new URLSearchParams({ client_id: this.config.client, ...fields });
    const answer = await fetch(`${this.config.sign_in}/oauth2/token`, { method: "POST", body });
    if (answer.status >= 500) throw new TypeError("the sign-in service did not answer"); // handled like a lost network
    if (!answer.ok) {
      this.forget();
      throw new SessionEnded();
    }
    const tokens = await answer.json();
    return { id_token: tokens.id_token, ...(tokens.refresh_token && { refresh_token: tokens.refresh_token }) };
  }
}
