"use strict";
// A conversation: what is said in it, what is on its way, and who answers.
// After these a message is sent under a new key; else the same one finds it if it has arrived.
const ENDED = ["job-failed", "job-expired", "job-cancelled", "unknown-job"];
const ASK_AGAIN_MS = 120000, RESTORED_REPLIES = 10, KEPT_RATINGS = 50;

// What outlives a page, under a prefix of its own; in memory alone where the browser keeps nothing.
class Kept {
  constructor(open, prefix) {
    this.prefix = prefix;
    this.held = new Map();
    try { this.storage = open(); } catch { this.storage = null; }
  }

  get(name) {
    if (this.held.has(name)) return this.held.get(name);
    try { return JSON.parse(this.storage.getItem(this.prefix + name)); } catch { return null; }
  }

  set(name, value) {
    this.held.set(name, value);
    try {
      if (value === null) this.storage.removeItem(this.prefix + name);
      else this.storage.setItem(this.prefix + name, JSON.stringify(value));
    } catch { /* it is full or not allowed */ }
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Conversation {
  // `heed` is told of changes: said, answered, person, retried, restarted, unreachable.
  constructor(kept, transcript, { user = null, heed = () => {} } = {}) {
    Object.assign(this, { kept, transcript, user, heed });
    transcript.conversation = this;
    this.begin();
  }

  begin() {
    this.id = this.kept.get("conversation") || `web-${randomId()}`;
    this.pending = this.kept.get("pending") || [];
    this.shown = new Set();
    this.heard = new Set();
    this.handover = null;
    this.stream = null;
    this.ending = new AbortController();
  }

  ask(message) {
    const sent = { key: randomId(), message, job: null, at: Date.now(), failed: null };
    this.kept.set("conversation", this.id);
    this.pending.push(sent);
    this.save();
    return this.show(sent);
  }

  show(sent) {
    const mine = this.transcript.said("user", sent.message);
    this.heed("said");
    return this.answer(sent, mine);
  }

  // Wait for a reply and show it as it comes; what the person has begun anew shows nothing more.
  async answer(sent, mine) {
    const turn = this.transcript.awaitReply(), asked = performance.now(), { signal } = this.ending;
    const heed = (step) => {
      if (step.step === "accepted") this.save();
      else turn.progress(step);
    };
    try {
      const reply = await new Delivery(sent, { conversation: this.id, user: this.user, signal, heed }).run();
      if (signal.aborted) return;
      this.forget(sent);
      this.settle(turn, mine, reply, performance.now() - asked);
    } catch (error) {
      if (!signal.aborted) this.fail(turn, mine, sent, error);
    }
  }

  settle(turn, mine, reply, elapsed) {
    const { job_id: job, response, answer } = reply;
    if (this.shown.has(job)) { mine.remove(); turn.remove(); return; }
    this.shown.add(job);
    if (answer.kind === "handover") this.follow();
    if (!response) { turn.remove(); this.follow(); return; } // a person has the conversation and will answer
    turn.finish(reply, elapsed);
    this.heed("answered");
  }

  fail(turn, mine, sent, error) {
    sent.failed = { sentence: explain(error), ended: ENDED.includes(error.kind) };
    this.save();
    this.heed("unreachable", error);
    this.offer(turn, mine, sent, error.seconds || 0);
  }

  offer(turn, mine, sent, seconds = 0) {
    turn.fail(sent.failed.sentence, seconds, () => {
      turn.remove();
      Object.assign(sent, sent.failed.ended ? { key: randomId(), job: null } : {}, { failed: null, at: Date.now() });
      this.save();
      this.heed("retried");
      this.answer(sent, mine);
    });
  }

  save() { this.kept.set("pending", this.pending.length ? this.pending : null); }

  forget(sent) {
    this.pending = this.pending.filter((each) => each !== sent);
    this.save();
  }

  // Show what was said before this page was opened, and go on waiting for what is on its way. Who is
  // quick has asked something by the time that it is known: that stays below.
  async restore() {
    const waiting = [...this.pending];
    let note = null;
    const turns = await this.load((error) => {
      this.heed("unreachable", error);
      if (!this.isWaitedFor(error)) return;
      note = this.transcript.note(say("unloaded"));
      for (const sent of waiting.splice(0)) this.resume(sent);
    });
    if (!turns) return;
    if (note) note.remove();
    const known = new Set(this.shown);
    const replies = this.transcript.above(() => {
      const shown = turns.filter((said) => !known.has(said.job_id) || said.by).map((said) => this.showTurn(said));
      for (const sent of waiting) {
        if (sent.job && this.shown.has(sent.job)) this.forget(sent);
        else this.resume(sent);
      }
      return shown.filter(Boolean);
    });
    if (this.kept.get("followed")) this.follow();
    await Promise.all(replies.slice(-RESTORED_REPLIES).map((turn) => this.recall(turn, turn === replies.at(-1))));
  }

  // Return what was said, null once the conversation has been left. `late` is told of the first failure.
  async load(late) {
    const { signal } = this.ending, address = at(`/conversations/${this.id}`);
    for (let failures = 0; !signal.aborted; failures += 1) {
      try { return (await request(address, { signal })).body.turns; }
      catch (error) {
        if (signal.aborted) return null;
        if (!failures) late(error);
        if (!this.isWaitedFor(error)) return [];
        await pause(Math.max(untilNext(failures), 1000 * (error.seconds || 0)));
      }
    }
    return null;
  }

  // A conversation that has begun is asked for until it is there.
  isWaitedFor(error) { return (isPassing(error) || error.status === 429) && this.kept.get("conversation") !== null; }

  showTurn(said) {
    if (said.by) return void this.showPerson(said, true);
    this.heed("said");
    if (said.role === "user") return void this.transcript.said("user", said.text);
    this.shown.add(said.job_id);
    return said.text ? this.transcript.answered(said.text, said.job_id) : null;
  }

  resume(sent) {
    if (!sent.job && !sent.failed && Date.now() - sent.at > ASK_AGAIN_MS) sent.failed = { sentence: say("unknown"), ended: false };
    if (!sent.failed) return void this.show(sent);
    const mine = this.transcript.said("user", sent.message);
    this.heed("said");
    this.offer(this.transcript.awaitReply(), mine, sent);
  }

  async recall(turn, last) {
    const address = at(`/jobs/${encodeURIComponent(turn.job)}`);
    try {
      const { reply } = (await request(address, { signal: this.ending.signal })).body;
      if (reply) turn.describe(reply, reply.timings.total_ms, last && !this.pending.length);
    } catch (error) { if (error.kind === "unknown-job") turn.meta.remove(); } // too old to be rated
  }

  // Once the conversation was handed over, show what a person writes, and when they come and go.
  follow() {
    if (this.stream) return;
    this.kept.set("followed", true);
    this.stream = new AbortController();
    listen(at(`/conversations/${this.id}/events`), this.stream.signal, (event) => {
      if (event.event === "turn") this.showPerson(JSON.parse(event.data));
      if (event.event === "handover") this.showHandover(JSON.parse(event.data));
    });
  }

  unfollow() {
    if (this.stream) this.stream.abort();
    this.kept.set("followed", null);
    this.stream = null;
  }

  showPerson({ by, text, at: time }, restored = false) {
    const known = `${time} ${text}`;
    if (!by || this.heard.has(known)) return;
    this.heard.add(known);
    if (!restored && (!this.handover || this.handover.by !== by)) this.showHandover({ state: "claimed", claimed_by: by });
    this.transcript.person(by, text, restored);
    this.heed(restored ? "said" : "person");
  }

  showHandover({ state, claimed_by: by }) {
    const before = this.handover, now = { state, by };
    if (before && before.state === state && before.by === by) return;
    this.handover = now;
    this.transcript.handover(now, before);
    if (state === "closed") this.unfollow();
  }

  get rated() { return this.kept.get("ratings") || {}; }

  async rate(job, score, comment) {
    const body = JSON.stringify({ job_id: job, score, ...(comment ? { comment } : {}) });
    await request(at("/feedback"), { method: "POST", headers: { "Content-Type": "application/json" }, body });
    this.kept.set("ratings", Object.fromEntries([...Object.entries(this.rated), [job, score]].slice(-KEPT_RATINGS)));
  }

  // Ask and hear nothing more of it here.
  leave() {
    this.ending.abort();
    if (this.stream) this.stream.abort();
  }

  // Leave this conversation, which runs out by itself, and begin another.
  restart() {
    this.leave();
    this.unfollow();
    for (const name of ["conversation", "pending", "ratings"]) this.kept.set(name, null);
    this.begin();
    this.transcript.clear();
    this.heed("restarted");
  }
}
