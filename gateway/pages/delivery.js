"use strict";
// The way of one message to its reply: streamed where that can be, else waited for. `sent` has the
// message and a key, under which sending it again asks nothing twice, and the job once it is known.
const RETRIES = 3;

class Delivery {
  constructor(sent, { conversation, user, signal, heed }) {
    Object.assign(this, { sent, conversation, user, signal, heed, text: "", last: "", reply: null, streams: true });
  }

  // Return the reply; throw a CallError, or what a signal that was given throws.
  async run() {
    for (let failures = 0; !this.reply;) {
      const known = this.last;
      try { await (this.sent.job ? this.follow() : this.post()); }
      catch (error) {
        if (this.signal.aborted || !this.isPassing(error)) throw error;
        failures = this.last === known ? failures + 1 : 0;
        if (navigator.onLine === false) await this.connection();
        else if (failures > RETRIES) throw error;
        else if (error.kind !== "streams-full") await this.rest(failures, error.seconds);
      }
      this.signal.throwIfAborted();
    }
    return this.reply;
  }

  isPassing(error) {
    if (error.kind === "streams-full") this.streams = false;
    return isPassing(error) || error.kind === "streams-full";
  }

  async rest(failures, seconds = 0) {
    if (failures > 1) this.heed({ step: "again" });
    await pause(Math.max(500 * 2 ** failures, Math.min(1000 * seconds, MAX_PAUSE_MS)));
  }

  async connection() {
    this.heed({ step: this.sent.job ? "offlineSent" : "offline" });
    await new Promise((resolve) => {
      for (const [source, name] of [[window, "online"], [this.signal, "abort"]]) source.addEventListener(name, resolve, { once: true });
    });
    this.heed({ step: "online" });
  }

  async post() {
    this.text = "";
    const { message, key } = this.sent;
    const response = await send(at("/chat"), {
      method: "POST", signal: this.signal,
      headers: {
        "Content-Type": "application/json", "Idempotency-Key": key,
        Accept: this.streams ? "text/event-stream" : "application/json",
      },
      body: JSON.stringify({ message, conversation_id: this.conversation, ...(this.user ? { user_id: this.user } : {}) }),
    });
    await this.take(response);
  }

  async follow() {
    const address = at(`/jobs/${encodeURIComponent(this.sent.job)}`);
    if (!this.streams) return this.poll(address);
    const headers = this.last ? { "Last-Event-ID": this.last } : {};
    const response = await send(`${address}/events`, { headers, signal: this.signal, cache: "no-store" });
    if (response.status === 204) { this.streams = false; return; } // all of it was told, and then lost
    await this.take(response);
  }

  async poll(address) {
    const { reply, error } = (await request(address, { signal: this.signal })).body;
    if (error) throw errorOf(error, error.status);
    this.reply = reply || null;
    if (!reply) await pause(1000);
  }

  async take(response) {
    if ((response.headers.get("Content-Type") || "").startsWith("text/event-stream")) {
      let problem = null;
      await readEvents(response, (event) => {
        if (event.event === "error") problem = JSON.parse(event.data);
        else if (event.event) this.hear(event.event, JSON.parse(event.data));
        this.last = event.id || this.last;
        return Boolean(problem || this.reply);
      }).catch((error) => { if (!this.reply && !problem) throw new CallError(error.message); });
      if (problem) throw errorOf(problem, problem.status);
      if (!this.reply) throw new CallError("The stream broke off.");
      return;
    }
    const body = await response.json();
    this.accept(body.job_id);
    if (response.status === 202) this.streams = false;
    else this.reply = body;
  }

  hear(name, data) {
    if (data.job_id) this.accept(data.job_id);
    if (name === "delta") this.heed({ step: "text", text: this.text += data.text });
    else if (name === "reply") this.reply = data;
    else this.heed({ step: name, ...data });
  }

  accept(job) {
    if (this.sent.job === job) return;
    this.sent.job = job;
    this.heed({ step: "accepted" });
  }
}
