"use strict";
const KINDS = {
  answer: "Answer", clarify: "Did you mean?", smalltalk: "Small talk", recall: "From this conversation",
  handover: "For a person", fallback: "No sure answer",
};
const log = byId("log"), form = byId("form"), box = byId("message"), send = byId("send");
const scroller = document.querySelector("main");
const heard = new Set();
let conversation = remembered(), stream = null, holder = null;

function turn(role, ...children) { return turnBy(role === "user" ? "You" : "Parley", role, ...children); }

function turnBy(name, role, ...children) {
  const who = element("span", { class: "hidden" }, `${name}: `);
  const bubble = element("div", { class: "bubble", dir: "auto" }, ...children);
  const item = element("li", { class: `turn ${role}` }, who, bubble);
  byId("welcome").hidden = true;
  log.append(item);
  scroll();
  return item;
}

function scroll() { scroller.scrollTop = scroller.scrollHeight; }

function facts(reply, elapsed) {
  const { answer, tone } = reply;
  const fill = element("span", { class: "fill" });
  fill.style.width = `${answer.confidence * 100}%`;
  const sure = element("span", { class: "sure" },
    element("span", { class: "track", "aria-hidden": "true" }, fill), `${percent(answer.confidence)} sure`);
  const mood = tone.label === "unknown" ? "tone unknown" : `${tone.label} tone, ${percent(tone.score)}`;
  return element("div", { class: "facts" },
    element("span", { class: "kind", "data-kind": answer.kind }, KINDS[answer.kind] || answer.kind),
    sure,
    element("span", { class: "tone", "data-tone": tone.label }, mood),
    element("span", {}, milliseconds(elapsed)),
    details(reply));
}

function details(reply) {
  const { answer, timings, tone } = reply;
  const emotions = Object.entries(tone.emotions || {}).sort((a, b) => b[1] - a[1]).slice(0, 3);
  const rows = [
    ["Entry", answer.id || "none"],
    ["Emotions", emotions.map(([name, share]) => `${name} ${percent(share)}`).join(", ")],
    ["Asked before", answer.reask_score == null ? "" : percent(answer.reask_score)],
    ["Queue", milliseconds(timings.queue_ms)],
    ["Prepare", milliseconds(timings.prepare_ms)],
    ["Engine", `${milliseconds(timings.engine_ms)} (${reply.engine}, ${reply.encoder || "small"} encoder)`],
    ["Compose", milliseconds(timings.compose_ms)],
    ["Knowledge", reply.knowledge_revision ? `revision ${reply.knowledge_revision}` : ""],
    ["Job", reply.job_id],
  ].filter(([, value]) => value);
  const pairs = rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("details", {}, element("summary", {}, "Details"), element("dl", {}, ...pairs));
}

function chips(alternatives) {
  const buttons = alternatives.map(({ question }) => {
    const button = element("button", { type: "button", class: "chip" }, question);
    button.addEventListener("click", () => ask(question));
    return button;
  });
  return element("div", { class: "chips", role: "group", "aria-label": "Choose what you mean" }, ...buttons);
}

function showReply(item, reply, elapsed) {
  if (reply.answer.kind === "handover") follow();
  if (!reply.response) { item.remove(); return; } // a person has the conversation and will answer
  const bubble = item.querySelector(".bubble");
  bubble.replaceChildren(...markdown(reply.response));
  if (reply.answer.kind === "clarify" && reply.answer.alternatives.length) item.append(chips(reply.answer.alternatives));
  if (reply.truncated) item.append(notice("Your message was long; only its beginning was read."));
  if (reply.engine.startsWith("simulated")) item.append(notice("Simulated engine: this is not a real answer."));
  item.append(facts(reply, elapsed));
  scroll();
}

// Once the conversation was handed over, show what a person writes, and when they come and go.
function follow() {
  if (stream) return;
  sessionStorage.setItem("handed over", conversation);
  stream = new AbortController();
  listen(at(`/conversations/${conversation}/events`), stream.signal, heed);
}

function heed(event) {
  if (event.event === "turn") showPerson(JSON.parse(event.data));
  if (event.event === "handover") showHolder(JSON.parse(event.data));
}

function unfollow() {
  if (stream) stream.abort();
  sessionStorage.removeItem("handed over");
  stream = holder = null;
  heard.clear();
}

function showPerson({ by, text, at }) {
  const known = `${at} ${text}`;
  if (!by || heard.has(known)) return;
  heard.add(known);
  turnBy(by, "assistant", ...markdown(text)).append(notice(by));
  scroll();
}

function showHolder({ state, claimed_by: by }) {
  const now = state === "claimed" ? by : null;
  if (now === holder) return;
  log.append(element("li", { class: "turn assistant" }, notice(now ? `${now} has joined.` : "Parley answers again.")));
  holder = now;
  scroll();
}

function showError(item, sentence, message) {
  item.classList.add("error");
  item.querySelector(".bubble").replaceChildren(element("p", {}, sentence));
  const again = element("button", { type: "button", class: "chip again" }, "Try again");
  again.addEventListener("click", () => {
    item.remove();
    answer(message);
  });
  item.append(again);
  scroll();
}

async function replyTo(message, conversationId) {
  const body = JSON.stringify({ message, conversation_id: conversationId });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const first = await request(at("/chat"), options);
  if (first.status === 200) return first.body;
  for (;;) {
    await pause(1000);
    const job = (await request(at(`/jobs/${first.body.job_id}`))).body;
    if (job.reply) return job.reply;
    if (job.error) throw new Error(job.error.detail);
  }
}

async function answer(message) {
  const dots = element("span", { class: "typing", role: "img", "aria-label": "Writing" }, element("i"), element("i"), element("i"));
  const item = turn("assistant", dots), asked = performance.now(), mine = conversation;
  try {
    const reply = await replyTo(message, mine);
    if (mine === conversation) showReply(item, reply, performance.now() - asked);
  } catch (error) {
    if (mine === conversation) showError(item, error.message, message);
    checkStatus();
  }
}

function ask(message) {
  turn("user", message);
  answer(message);
}

function remembered() {
  const known = sessionStorage.getItem("conversation");
  if (known) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const made = "web-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem("conversation", made);
  return made;
}

async function restore() {
  try {
    const { turns } = (await request(at(`/conversations/${conversation}`))).body;
    for (const said of turns) {
      if (said.by) showPerson(said);
      else if (said.text) turn(said.role, ...(said.role === "user" ? [said.text] : markdown(said.text)));
    }
    if (sessionStorage.getItem("handed over") === conversation) follow();
  } catch { /* a first visit, or no server yet: begin with an empty page */ }
}

function restart() {
  const old = conversation;
  unfollow();
  sessionStorage.removeItem("conversation");
  conversation = remembered();
  log.replaceChildren();
  byId("welcome").hidden = false;
  box.focus();
  request(at(`/conversations/${old}`), { method: "DELETE" }).catch(() => { /* it runs out by itself */ });
}

async function checkStatus() {
  const show = (state, text) => {
    byId("status").dataset.state = state;
    if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
  };
  try {
    const state = await (await fetch(at("/readyz"))).json();
    if (state.status === "ready") show("ready", "Ready");
    else if (!state.redis.ok) show("down", "Queue unavailable");
    else show("waiting", state.inference.ok ? "Tone is starting" : "Starting");
  } catch { show("down", "Offline"); }
}

function fit() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
  const left = 4000 - box.value.length;
  byId("count").textContent = left < 500 ? `${left} characters left` : "";
  send.disabled = !box.value.trim();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = box.value.trim();
  if (!message) return;
  box.value = "";
  fit();
  ask(message);
});
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!/^[!-~]+$/.test(key)) return;
  sessionStorage.setItem("key", key);
  byId("key").value = "";
  byId("key-form").hidden = true;
  box.focus();
  const again = log.querySelector(".turn:last-child .again");
  if (again) again.click();
  else if (!log.children.length) restore();
});
box.addEventListener("input", fit);
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
byId("restart").addEventListener("click", restart);
for (const example of byId("examples").children) example.addEventListener("click", () => ask(example.textContent));
restore();
checkStatus();
setInterval(() => { if (!document.hidden) checkStatus(); }, 15000);
