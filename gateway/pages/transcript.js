"use strict";
// The conversation as it is seen: turns, the reply that is being written, who has it.
const NEAR_END = 80, QUEUE_WORTH_TELLING = 2, TOLD_MS = 10000, PATIENCE_MS = 1500;

class Transcript {
  // `facts`: how sure replies are is shown. `parts`: log, scroller, banner, latest, teller.
  constructor(parts, { facts: shows = true } = {}) {
    Object.assign(this, parts, { shows, conversation: null, rating: null, wasAtEnd: true });
    this.latest.addEventListener("click", () => this.toEnd());
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.resized()).observe(this.scroller);
    this.latest.hidden = true;
    this.banner.hidden = true;
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.latest.hidden = this.wasAtEnd = true;
  }

  scrolled() {
    if (this.scroller.clientHeight !== this.height) return; // not by a person: it is resized
    this.wasAtEnd = this.isAtEnd();
    if (this.wasAtEnd) this.latest.hidden = true;
  }

  // A keyboard on the screen, or a turned one, does not cover what was said last.
  resized() {
    this.height = this.scroller.clientHeight;
    if (this.wasAtEnd && this.log.children.length) this.toEnd();
  }

  // Change what is seen; who reads further up is not moved, but told.
  change(what) {
    const stays = !this.isAtEnd();
    const made = what();
    if (stays) this.latest.hidden = false;
    else this.toEnd();
    return made;
  }

  // Have a screen reader say something once; the log itself is silent, as replies grow in it.
  tell(text) {
    this.teller.textContent = "";
    clearTimeout(this.silence);
    setTimeout(() => { this.teller.textContent = text; }, 50);
    this.silence = setTimeout(() => { this.teller.textContent = ""; }, TOLD_MS);
  }

  // Have what is added meanwhile stand above what is there.
  above(what) {
    const there = [...this.log.children], made = what();
    this.log.append(...there);
    this.toEnd();
    return made;
  }

  add(name, role, ...children) {
    const item = element("div", { class: `turn ${role}` }, element("span", { class: "hidden" }, `${name}: `),
      element("div", { class: "bubble", dir: "auto" }, ...children));
    return this.change(() => { this.log.append(item); return item; });
  }

  // One comment is asked for at a time, and none once the conversation goes on.
  asking(rating) {
    if (this.rating && this.rating !== rating) this.rating.close();
    this.rating = rating;
  }

  said(role, text) {
    this.asking(null);
    const item = this.add(say("you"), role, text);
    this.toEnd();
    return item;
  }

  answered(text, job) {
    const turn = new ReplyTurn(this, this.add(say("name"), "assistant", ...markdown(text)));
    turn.job = job;
    turn.offerRating();
    return turn;
  }

  awaitReply() {
    const turn = new ReplyTurn(this, this.add(say("name"), "assistant"));
    turn.progress({ step: "waiting" });
    this.toEnd();
    return turn;
  }

  person(by, text, restored) {
    const item = this.add(by, "assistant person", ...markdown(text));
    item.prepend(element("span", { class: "who", "aria-hidden": "true", dir: "auto" }, by));
    if (!restored) this.tell(`${by}: ${text}`);
  }

  note(text) {
    const made = element("p", { class: "note" }, text);
    this.change(() => this.log.append(made));
    this.tell(text);
    return made;
  }

  // Show who has the conversation, and say who came and who went.
  handover({ state, by }, before) {
    const sentences = { open: say("called"), claimed: say("joined", { name: by }) };
    this.banner.hidden = !sentences[state];
    this.banner.dataset.state = state;
    this.banner.querySelector(".initial").textContent = state === "claimed" ? Array.from(by)[0].toUpperCase() : "";
    this.banner.querySelector(".holds").textContent = sentences[state] || "";
    if (state === "claimed" && before) this.note(say("entered", { name: by }));
    else if (state === "open" || state === "claimed") this.tell(sentences[state]);
    else if (before) this.note(before.state === "claimed" ? say("gone", { name: before.by, bot: say("name") }) : say("closed", { bot: say("name") }));
  }

  clear() {
    this.log.replaceChildren();
    this.banner.hidden = this.latest.hidden = true;
    this.teller.textContent = "";
  }
}

function banner() {
  return element("div", { class: "banner" }, element("span", { class: "initial", "aria-hidden": "true" }), element("span", { class: "holds", dir: "auto" }));
}

// What is offered as buttons is not listed in the text as well.
function withoutChoices(text, alternatives) {
  const offered = alternatives.map(({ question }) => question);
  const rest = text.split("\n").filter((line) => !offered.includes(line.replace(/^\s*(?:\d+[.)]|[-*])\s+/, ""))).join("\n");
  return rest.trim() ? rest : text;
}

// One reply, from its first dot to its last word and what is below it.
class ReplyTurn {
  constructor(transcript, item) {
    Object.assign(this, { transcript, item, job: null, text: "" });
    this.bubble = item.querySelector(".bubble");
  }

  remove() {
    clearInterval(this.countdown);
    clearTimeout(this.patience);
    this.item.remove();
  }

  progress({ step, position, text }) {
    clearTimeout(this.patience);
    if (step === "text") this.write(text, true);
    else if (["offline", "offlineSent", "again"].includes(step)) this.wait(say(step));
    else if (step === "queued") this.queue(position - 1);
    else if (!this.text || this.why) this.wait("");
  }

  // Who waits for a moment only need not know for how many others.
  queue(before) {
    if (before < QUEUE_WORTH_TELLING) this.wait("");
    else this.patience = setTimeout(() => this.wait(say("queued", { count: before })), this.why ? 0 : PATIENCE_MS);
  }

  wait(why) {
    const isNews = why && !this.why;
    this.why = why;
    this.show({ goesOn: true });
    if (isNews) this.transcript.tell(why);
  }

  write(text, goesOn) {
    Object.assign(this, { text, why: "" });
    this.show({ goesOn });
  }

  // What has been said so far stays; dots below it say that there is more to come.
  show({ goesOn }) {
    const dots = () => element("span", { class: "typing", role: "img", "aria-label": say("writing") }, element("i"), element("i"), element("i"));
    const signs = goesOn ? [dots(), ...(this.why ? [element("span", { class: "why" }, this.why)] : [])] : [];
    this.transcript.change(() => this.bubble.replaceChildren(...(this.text ? markdown(this.text) : []), ...signs));
  }

  finish(reply, elapsed) {
    this.job = reply.job_id;
    this.write(reply.response, false);
    if (reply.truncated) this.below(notice(say("cut")));
    if (reply.engine.startsWith("simulated")) this.below(notice(say("simulated")));
    this.offerRating();
    this.describe(reply, elapsed);
    const offered = this.item.querySelectorAll(".chip").length;
    this.transcript.tell(`${say("name")}: ${this.bubble.innerText} ${offered ? say("choices", { count: offered }) : ""}`.trim());
  }

  below(part) { this.transcript.change(() => this.item.append(part)); }

  offerRating() {
    const { conversation } = this.transcript;
    this.meta = element("div", { class: "meta" });
    const rating = new Rating(conversation.rated[this.job], {
      rate: (score, comment) => conversation.rate(this.job, score, comment),
      tell: (text) => this.transcript.tell(text),
      show: (form) => {
        this.transcript.asking(rating);
        this.transcript.change(() => this.meta.append(form));
      },
    });
    this.meta.append(rating.element);
    this.below(this.meta);
  }

  // Add what only the whole reply knows; choices of an older one are no longer offered.
  describe(reply, elapsed, choosable = true) {
    const { kind, alternatives } = reply.answer;
    if (kind === "clarify" && alternatives.length && choosable) this.offer(reply.response, alternatives);
    if (this.transcript.shows) this.transcript.change(() => this.meta.append(...facts(reply, elapsed)));
  }

  offer(text, alternatives) {
    this.write(withoutChoices(text, alternatives));
    const buttons = choices(alternatives, (question) => this.transcript.conversation.ask(question));
    this.transcript.change(() => this.meta.before(buttons));
  }

  fail(sentence, seconds, retry) {
    clearTimeout(this.patience);
    this.item.classList.add("error");
    this.bubble.replaceChildren(element("p", {}, sentence));
    const again = element("button", { type: "button", class: "chip again" }, say("retry"));
    again.addEventListener("click", retry);
    this.below(again);
    this.transcript.tell(sentence);
    if (seconds >= 1) this.hold(again, Math.min(seconds, 600));
  }

  // The server has said when there is room again: count down to it.
  hold(button, seconds) {
    button.disabled = true;
    const show = () => {
      button.textContent = seconds > 0 ? say("retryIn", { seconds }) : say("retry");
      button.disabled = seconds > 0;
      if (seconds <= 0) clearInterval(this.countdown);
      seconds -= 1;
    };
    show();
    this.countdown = setInterval(show, 1000);
  }
}
