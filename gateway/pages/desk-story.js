"use strict";
// A conversation in the middle, live, and what is known of it on the right.
const view = { id: null, story: null, stream: null, mark: null, timer: 0, drafts: new Map(), unsure: null };
const log = byId("log"), scroller = byId("scroller");

function openConversation(id, mark = null) {
  if (view.id === id && view.mark === mark) return;
  leaveConversation();
  Object.assign(view, { id, mark, story: null, stream: new AbortController() });
  showPane("log");
  byId("middle-title").textContent = id;
  byId("middle-note").textContent = "Loading";
  byId("reply").value = view.drafts.get(id) || "";
  loadStory();
  listen(at(`/conversations/${enc(id)}/events`), view.stream.signal, () => {
    clearTimeout(view.timer);
    view.timer = setTimeout(loadStory, 120);
  });
}

function leaveConversation() {
  if (view.stream) view.stream.abort();
  if (view.id) view.drafts.set(view.id, byId("reply").value);
  byId("reply").value = "";
  clearTimeout(view.timer);
  Object.assign(view, { id: null, story: null, stream: null, mark: null, unsure: null });
  log.replaceChildren();
  byId("facts").replaceChildren();
  byId("actions").replaceChildren();
  byId("composer").hidden = true;
}

function showPane(name) {
  byId("placeholder").hidden = name !== "placeholder";
  log.hidden = name !== "log";
  byId("editor").hidden = name !== "editor";
}

async function loadStory() {
  const wanted = view.id;
  if (!wanted) return;
  try {
    const { body } = await request(at(`/conversations/${enc(wanted)}/story`));
    if (view.id === wanted) showStory(body);
  } catch (error) {
    if (view.id === wanted) byId("middle-note").textContent = error.message;
  }
}

function showStory(story) {
  const isNew = !view.story, atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  view.story = story;
  const { handover, turns, users } = story;
  byId("middle-title").textContent = users.join(", ") || story.conversation_id;
  byId("middle-note").textContent = [stateOf(handover), turns.length ? "" : "nothing of it is kept"].filter(Boolean).join(" · ") || `${turns.length} turns`;
  const news = showTurns(story);
  if (!isNew) tellNews(news, users);
  noticeLateReply(story);
  showActions(handover);
  byId("facts").replaceChildren(...factsOf(story));
  const marked = isNew && log.querySelector(".marked");
  if (marked) marked.scrollIntoView({ block: "center" });
  else if (isNew || atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function stateOf(handover) {
  if (!handover) return "";
  if (handover.state === "open") return `Waiting since ${clock(handover.opened_at)}`;
  if (handover.state === "claimed") return handover.claimed_by === me ? `You have it since ${clock(handover.claimed_at)}` : `${handover.claimed_by} has it since ${clock(handover.claimed_at)}`;
  const by = handover.closed_by ? ` by ${handover.closed_by}` : handover.claimed_by ? `, was ${handover.claimed_by}'s` : "";
  return `Closed ${clock(handover.closed_at)}${by}`;
}

// Turns stay as they are once shown, only what is known of them changes. Return the new ones.
function showTurns({ turns, jobs, whole }) {
  const known = new Map(jobs.map((job) => [job.job_id, job])), owners = new Map();
  for (const turn of turns) if (!turn.by) owners.set(turn.job_id, turn); // the answer, else the question
  const lines = turns.map((turn, place) => ({
    key: `${turn.at} ${turn.role} ${turn.job_id} ${turn.by || ""}`, turn, place,
    job: owners.get(turn.job_id) === turn ? known.get(turn.job_id) : null,
  }));
  for (const job of jobs) if (!owners.has(job.job_id)) lines.push({ key: `job ${job.job_id}`, job });
  if (!whole) lines.push({ key: "letters", text: "There are more dead letters than were looked through." });
  const before = new Map(Array.from(log.children, (item) => [item.dataset.key, item])), news = [];
  for (const line of lines) {
    if (line.turn && !before.has(line.key)) news.push(line.turn);
    const item = before.get(line.key) || log.appendChild(lineOf(line));
    before.delete(line.key);
    const said = JSON.stringify(line.job);
    if (line.turn && item.said !== said) showJob(item, line);
    item.said = said;
  }
  for (const gone of before.values()) gone.remove();
  return news;
}

// Who does not see the page is told what the customer wrote since.
function tellNews(turns, users) {
  const said = turns.filter((turn) => turn.role === "user").map((turn) => turn.text);
  if (said.length) tell(`${users[0] || "Customer"}: ${said.join(" ")}`);
}

function lineOf({ key, turn, job, text }) {
  if (!turn) return element("li", { class: "aside", "data-key": key, ...(job && job.dead_letter ? { "data-level": "bad" } : {}) }, text || withoutTurn(job));
  const kind = turn.by ? "person" : turn.role === "user" ? "user" : "bot";
  const by = turn.by || (kind === "user" ? "Customer" : "Parley");
  const bubble = element("div", { class: "bubble", dir: "auto" }, ...(kind === "user" ? [turn.text] : markdown(turn.text)));
  const item = element("li", { class: `turn ${kind}`, "data-key": key },
    element("p", { class: "by" }, `${by} · `, element("time", {}, clock(turn.at))), bubble);
  if (view.mark && turn.job_id === view.mark && !turn.by && kind === "bot") item.classList.add("marked");
  return item;
}

function withoutTurn(job) {
  if (job.dead_letter) return `A message is a dead letter since ${clock(job.dead_letter.at)}: ${job.dead_letter.reason}`;
  if (job.state === "queued" || job.state === "started") return "A message is waiting for its answer.";
  return `A message got no answer: ${job.error || job.state}`;
}

function showJob(item, { job }) {
  const wasOpen = item.querySelector("details[open]") !== null;
  for (const old of item.querySelectorAll(".said-of, .rated")) old.remove();
  if (!job) return;
  const details = job.reply ? replyDetails(job) : shortDetails(job);
  if (wasOpen && details.localName === "details") details.open = true;
  item.append(details);
  if (job.feedback) item.append(element("p", { class: "said-of rated" }, stars(job.feedback.score), job.feedback.comment ? ` “${job.feedback.comment}”` : " rated"));
}

function shortDetails(job) {
  if (job.state === "forgotten") return element("p", { class: "said-of" }, "How this came about is kept no longer.");
  const said = job.error || job.state;
  const dead = job.dead_letter ? ` Dead letter: ${job.dead_letter.reason}` : "";
  return element("p", { class: "said-of" }, element("span", { class: "kind", "data-kind": "failed" }, job.error ? "No answer" : "On its way"), ` ${said}${dead}`);
}

function replyDetails(job) {
  const { answer, tone, timings } = job.reply;
  const summary = element("summary", {},
    element("span", { class: "kind", "data-kind": answer.kind }, job.reply.response ? KINDS[answer.kind] || answer.kind : "Left to a person"),
    element("span", {}, `${percent(answer.confidence)} sure`),
    element("span", {}, tone.label === "unknown" ? "tone unknown" : `${tone.label} tone`),
    element("span", {}, milliseconds(timings.total_ms)));
  return element("details", { class: "said-of" }, summary, element("div", { class: "box" }, jobPairs(job), ...timeBar(timings), improve(job)));
}

function jobPairs(job) {
  const { answer, tone, ...reply } = job.reply;
  const emotions = Object.entries(tone.emotions || {}).filter(([, share]) => share >= 0.01).sort((a, b) => b[1] - a[1]).slice(0, 4);
  return pairs([
    ["Entry", answer.id ? `${answer.id} (${percent(answer.confidence)})` : "none"],
    ["Alternatives", answer.alternatives.map((each) => `${each.id} (${percent(each.confidence)})`).join(", ")],
    ["Asked before", answer.reask_score === null ? "" : percent(answer.reask_score)],
    ["Tone", tone.label === "unknown" ? "came too late" : `${tone.label}, ${percent(tone.score)}`],
    ["Emotions", emotions.map(([name, share]) => `${name} ${percent(share)}`).join(", ")],
    ["Encoder", `${reply.encoder}, ${reply.engine}${reply.variant === "bert" ? "" : `, ${reply.variant}`}`],
    ["Words", {model: "a language model's", both: "a language model's, then the entry's"}[reply.words] ?? ""],
    ["Knowledge", reply.knowledge_revision ? `revision ${reply.knowledge_revision}` : ""],
    ["Read", reply.truncated ? "only the beginning" : ""],
    ["Dead letter", job.dead_letter ? `${job.dead_letter.queue}: ${job.dead_letter.reason}` : ""],
    ["Job", element("span", { class: "id" }, job.job_id)],
    ["Kept for", job.seconds_left === null ? "" : `${Math.ceil(job.seconds_left / 60)} min more`],
  ]);
}

function timeBar(timings) {
  const times = STAGES.map((stage) => [stage, timings[`${stage}_ms`]]);
  const said = times.map(([stage, ms]) => `${stage} ${milliseconds(ms)}`).join(", ");
  const bar = element("div", { class: "times", role: "img", "aria-label": `Time: ${said}` }, ...times.map(([stage, ms]) => {
    const part = element("i", { class: `stage-${stage}` });
    part.style.flexGrow = String(Math.max(ms, 0));
    return part;
  }));
  const legend = times.map(([stage, ms]) => element("span", { class: `stage-${stage}` }, `${stage} ${milliseconds(ms)}`));
  return [bar, element("div", { class: "times-key", "aria-hidden": "true" }, ...legend)];
}

function improve(job) {
  const asked = view.story.turns.find((turn) => turn.job_id === job.job_id && turn.role === "user");
  if (!asked) return null;
  return button("Put it right in the base", "quiet improve", () => {
    const others = job.reply.answer.alternatives[0];
    propose({ question: asked.text, nearest: others ? others.id : job.reply.answer.id, nearest_question: others ? others.question : "" });
  });
}

function factsOf({ conversation_id: id, users, handover, turns, jobs }) {
  const parts = [], link = (text, to) => element("a", { href: to }, text);
  if (handover) {
    const { summary } = handover;
    parts.push(section("Handover",
      pairs([
        ["Reason", badge(REASONS[handover.reason] || handover.reason, LEVELS[handover.reason])],
        ["State", stateOf(handover)],
        ["Opened", clock(handover.opened_at)],
        ["Tone", summary.tones.length ? element("span", {}, tones(summary.tones), ` ${summary.tones.at(-1)}`) : "unknown"],
        ["Note", handover.note],
      ])));
    if (summary.asked.length) parts.push(section("What they wrote last", ...summary.asked.map((text) => element("blockquote", { dir: "auto" }, text))));
    parts.push(section("Parley tried", summary.tried.length
      ? element("ul", {}, ...summary.tried.map((each) => element("li", {}, each.question, element("br"), element("span", { class: "id note" }, each.id))))
      : element("p", { class: "note" }, "No entry of the base.")));
  }
  const rated = jobs.filter((job) => job.feedback), forgotten = jobs.filter((job) => job.state === "forgotten").length;
  parts.push(section("Conversation", pairs([
    ["Customer", users.length ? users.join(", ") : handover && handover.user_id ? handover.user_id : "unknown"],
    ["Conversation", element("span", { class: "id" }, id)],
    ["Turns", String(turns.length)],
    ["Began", turns.length ? clock(turns[0].at) : ""],
    ["Feedback", rated.length ? rated.map((job) => `${job.feedback.score} of 5`).join(", ") : ""],
    ["Details", forgotten ? `of ${forgotten} messages kept no longer` : ""],
  ])));
  if (tab() === "inbox") parts.push(element("section", {}, link("Open its whole story", `#/stories/${enc(id)}`)));
  return parts;
}
