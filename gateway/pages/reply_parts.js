"use strict";
// What stands below a reply: choices, how sure it is, and what the person thinks of it.
const THUMB_UP = "M7 11v9H4v-9zm0 0 4-8c1.6 0 2.6 1.2 2.3 2.8L12.7 9H18a2.2 2.2 0 0 1 2.2 2.6l-1.2 6.6a2.2 2.2 0 0 1-2.2 1.8H7";
const THUMB_DOWN = "M17 13V4h3v9zm0 0-4 8c-1.6 0-2.6-1.2-2.3-2.8l.6-3.2H6a2.2 2.2 0 0 1-2.2-2.6L5 5.8A2.2 2.2 0 0 1 7.2 4H17";
const GOOD_SCORE = 5, BAD_SCORE = 1, MAX_COMMENT = 2000, SAID_MS = 6000;

function pressable(attributes, ...children) {
  return element("button", { type: "button", "aria-pressed": "false", ...attributes }, ...children);
}

function press(button, buttons) {
  for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
}

// Buttons of which one may be chosen, and another one after it.
function choices(alternatives, choose) {
  const buttons = alternatives.map(({ question }) => {
    const button = pressable({ class: "chip", dir: "auto" }, question);
    button.addEventListener("click", () => {
      press(button, buttons);
      choose(question);
    });
    return button;
  });
  return element("div", { class: "chips", role: "group", "aria-label": say("choose") }, ...buttons);
}

const UNRATED_KINDS = ["handover", "smalltalk"]; // how sure these are says nothing to a customer

// How the message sounded and how sure the answer is, small; the rest for those who ask for it.
function facts(reply, elapsed) {
  const { answer, tone } = reply;
  const fill = element("span", { class: "fill" });
  fill.style.width = `${answer.confidence * 100}%`;
  const sure = element("span", { class: "sure", dir: "auto" }, element("span", { class: "track", "aria-hidden": "true" }, fill),
    say("sure", { share: percent(answer.confidence) }));
  const mood = element("span", { class: "tone", "data-tone": tone.label }, tone.label, element("span", { class: "word" }, ` ${say("tone")}`));
  const more = element("button", { type: "button", class: "more", "aria-expanded": "false" }, say("details"));
  const list = details(reply, elapsed);
  list.hidden = true;
  more.addEventListener("click", () => {
    list.hidden = !list.hidden;
    more.setAttribute("aria-expanded", String(!list.hidden));
  });
  return [
    element("div", { class: "facts" }, UNRATED_KINDS.includes(answer.kind) ? null : sure, tone.label === "unknown" ? null : mood, more),
    list,
  ];
}

const KINDS = {
  answer: "Answer", clarify: "Asked back", smalltalk: "Small talk", recall: "From this conversation",
  handover: "For a person", fallback: "No sure answer",
};

function details(reply, elapsed) {
  const { answer, timings, tone } = reply;
  const emotions = Object.entries(tone.emotions || {}).sort((a, b) => b[1] - a[1]).slice(0, 3);
  const rows = [
    ["Kind", KINDS[answer.kind] || answer.kind],
    ["Entry", answer.id],
    ["Confidence", percent(answer.confidence)],
    ["Tone", tone.label === "unknown" ? "unknown" : `${tone.label}, ${percent(tone.score)}`],
    ["Emotions", emotions.map(([name, share]) => `${name} ${percent(share)}`).join(", ")],
    ["Asked before", answer.reask_score == null ? "" : percent(answer.reask_score)],
    ["Time", milliseconds(elapsed)],
    ["Queue", milliseconds(timings.queue_ms)],
    ["Engine", `${milliseconds(timings.engine_ms)} (${reply.engine}, ${reply.encoder || "small"} encoder)`],
    ["Words", {model: "a language model's", both: "a language model's, then the entry's"}[reply.words] ?? ""],
    ["Knowledge", reply.knowledge_revision ? `revision ${reply.knowledge_revision}` : ""],
    ["Job", reply.job_id],
  ].filter(([, value]) => value);
  const pairs = rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("dl", {}, ...pairs);
}

// Thumbs up and down, and a comment for who wants to say more. `rate` saves, `tell` reads aloud, and
// `show` puts the comment's field in its place.
class Rating {
  constructor(score, { rate, tell, show }) {
    Object.assign(this, { score: null, rate, tell, show });
    this.thumbs = [[GOOD_SCORE, THUMB_UP, "helpful"], [BAD_SCORE, THUMB_DOWN, "unhelpful"]].map(([value, path, label]) => {
      const thumb = pressable({ class: "thumb", "aria-label": say(label), title: say(label) }, icon(path));
      thumb.addEventListener("click", () => this.give(value));
      return thumb;
    });
    this.said = element("span", { class: "said" });
    const group = element("div", { class: "thumbs", role: "group", "aria-label": say("rate") }, ...this.thumbs);
    this.element = element("div", { class: "rating" }, group, this.said);
    this.mark(score);
  }

  mark(score) {
    this.score = score;
    press(this.thumbs[[GOOD_SCORE, BAD_SCORE].indexOf(score)], this.thumbs);
  }

  async give(score, comment = "") {
    const before = this.score;
    this.mark(score);
    try {
      await this.rate(score, comment);
      if (this.score === score) this.thank(comment);
    } catch (error) {
      this.mark(before);
      this.answer(error.kind === "unknown-job" ? "old" : "unrated");
    }
  }

  thank(comment) {
    this.close();
    this.answer("thanks");
    if (!comment) this.ask();
  }

  answer(name) {
    this.said.textContent = say(name);
    this.tell(say(name));
    clearTimeout(this.silence);
    this.silence = setTimeout(() => { this.said.textContent = ""; }, SAID_MS);
  }

  ask() {
    const about = say(this.score === GOOD_SCORE ? "praise" : "blame");
    const field = element("input", { maxlength: MAX_COMMENT, "aria-label": about, placeholder: about, dir: "auto", enterkeyhint: "send" });
    const skip = element("button", { type: "button", class: "quiet" }, say("skip"));
    this.form = element("form", { class: "comment", autocomplete: "off" }, field, element("button", { class: "quiet" }, say("give")), skip);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) this.give(this.score, field.value.trim());
      else field.focus();
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    skip.addEventListener("click", () => this.close());
    this.show(this.form);
  }

  // Take the comment's field away; who was in it is back at the thumb.
  close() {
    if (!this.form) return;
    const within = this.form.matches(":focus-within");
    this.form.remove();
    this.form = null;
    if (within) this.thumbs.find((thumb) => thumb.getAttribute("aria-pressed") === "true").focus();
  }
}
