"use strict";
// The inbox: handovers, live, and what a person does with one.
const queue = { open: [], claimed: [], closed: [], filter: "open", seen: null, turn: 0, sending: false };

async function lookAtQueue() {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const wanted = [["open", ""], ["claimed", ""]];
  if (queue.turn++ % 5 === 0) wanted.push(["closed", `&since=${midnight / 1000 - 86400}`]);
  try {
    const found = await Promise.all(wanted.map(([state, rest]) => allHandovers(`state=${state}${rest}`)));
    found.forEach((all, place) => { queue[wanted[place][0]] = all; });
    queue.closed = queue.closed.filter((each) => each.closed_at * 1000 >= midnight).sort((a, b) => b.closed_at - a.closed_at);
    showLink("");
  } catch (error) {
    if (server.key() && (error.status === 401 || error.status === 403)) {
      askForKey();
      warn(error.message);
    }
    showLink(error.message);
    return;
  }
  queue.open.sort((a, b) => isUrgent(b) - isUrgent(a)); // the longest waiting come first otherwise
  announceNew();
  if (tab() === "inbox") showQueue();
}

// The newest come last, and an emergency may be among them: all pages are read.
async function allHandovers(query) {
  const all = [];
  for (let cursor = ""; cursor !== null;) {
    const { body } = await request(at(`/handovers?${query}&limit=500${cursor && `&cursor=${enc(cursor)}`}`));
    all.push(...body.handovers);
    cursor = body.next;
  }
  return all;
}

function showLink(fault) {
  const said = fault && byId("key-form").hidden ? `Not live: ${fault}` : "";
  if (byId("link").textContent !== said) byId("link").textContent = said;
}

function announceNew() {
  const ids = new Set(queue.open.map((each) => each.id)), waiting = queue.open.length;
  document.title = waiting ? `(${waiting}) Desk · Parley` : "Desk · Parley";
  byId("waiting-count").textContent = String(waiting);
  byId("waiting-count").hidden = !waiting;
  byId("waiting-count").setAttribute("aria-label", `${waiting} waiting`);
  const fresh = queue.seen ? queue.open.filter((each) => !queue.seen.has(each.id)) : [];
  if (fresh.length === 1) tell(`New handover: ${REASONS[fresh[0].reason]}, ${nameOf(fresh[0])}`);
  if (fresh.length > 1) tell(`${fresh.length} new handovers`);
  queue.seen = ids;
}

const isUrgent = (handover) => Number(LEVELS[handover.reason] === "bad");
const nameOf = (handover) => handover.user_id || handover.conversation_id;

function inFilter() {
  const mine = (each) => each.claimed_by === me;
  const lists = {
    open: queue.open, mine: queue.claimed.filter(mine), others: queue.claimed.filter((each) => !mine(each)), closed: queue.closed,
  };
  return lists;
}

const EMPTY = {
  open: "Nobody waits. New handovers appear here by themselves.",
  mine: "You have none. Take one from those that wait.",
  others: "Nobody else has one now.",
  closed: "None was closed today.",
};

function showQueue() {
  const lists = inFilter(), shown = lists[queue.filter];
  const labels = { open: "Waiting", mine: "Mine", others: "Others", closed: "Closed" };
  filters(Object.entries(labels).map(([name, label]) => [name, lists[name].length ? `${label} ${lists[name].length}` : label]), queue.filter, (name) => {
    queue.filter = name;
    showQueue();
  });
  byId("left-note").textContent = queue.filter === "open" && shown.length ? "urgent first, then longest waiting" : "";
  fill(shown, (each) => each.id, chosenCard(), handoverCard, (each) => go("inbox", each.conversation_id));
  sayEmpty(queue.seen && !shown.length ? EMPTY[queue.filter] : "");
}

function chosenCard() {
  const all = [...queue.open, ...queue.claimed, ...queue.closed], found = all.find((each) => each.conversation_id === view.id);
  return found ? found.id : null;
}

function handoverCard(each) {
  const { summary } = each, waits = now() - each.opened_at;
  const age = element("span", { class: "age" }, each.state === "closed" ? clock(each.closed_at) : ago(each.opened_at));
  if (each.state === "open") age.dataset.late = waits > SECONDS_BAD ? "bad" : waits > SECONDS_WARN ? "warn" : "no";
  const holder = each.claimed_by && each.claimed_by !== me ? element("span", {}, each.claimed_by) : null;
  return [
    element("span", { class: "first" }, element("span", { class: "who" }, nameOf(each)), age),
    element("span", { class: "said", dir: "auto" }, summary.asked.at(-1) || each.note || "No message is kept."),
    element("span", { class: "last" }, ...[badge(REASONS[each.reason] || each.reason, LEVELS[each.reason]),
      summary.tones.length ? tones(summary.tones) : null, holder].filter(Boolean)),
  ];
}

function showActions(handover) {
  const mine = handover && handover.state === "claimed" && handover.claimed_by === me;
  const made = [];
  if (handover && handover.state === "open") made.push(["Close", "quiet", () => byId("close-dialog").showModal()], ["Take it", "primary", take]);
  if (handover && handover.state === "claimed" && !mine) made.push(["Give back for them", "quiet", giveBack]);
  if (mine) made.push(["Give back", "quiet", giveBack], ["Close", "quiet", () => byId("close-dialog").showModal()]);
  const said = made.map(([text]) => text).join();
  if (byId("actions").dataset.said !== said || !byId("actions").children.length) {
    byId("actions").replaceChildren(...made.map((each) => button(...each)));
    byId("actions").dataset.said = said;
  }
  showComposer(mine);
}

// What was written stays to be read and copied if the conversation is somebody else's by now.
function showComposer(mine) {
  byId("composer").hidden = !mine && !byId("reply").value;
  byId("reply").readOnly = !mine;
  byId("reply-hint").hidden = !mine;
  byId("reply-kept").hidden = mine;
  showSend();
}

function showSend() { byId("send").disabled = queue.sending || byId("reply").readOnly || !byId("reply").value.trim(); }

// Do something with the handover that is shown; the desk is up to date afterwards, whatever came of it.
async function act(action, body, done) {
  const { handover } = view.story;
  warn("");
  try {
    await post(`/handovers/${enc(handover.id)}/${action}`, body);
    tell(done);
    return true;
  } catch (error) {
    warn(conflict(error, action));
    return false;
  } finally {
    queue.turn = 0;
    await Promise.all([loadStory(), lookAtQueue()]);
  }
}

function conflict(error, action) {
  const { state, claimed_by: holder } = error.problem || {};
  if (error.status !== 409) return error.message;
  if (state === "claimed") return `${holder} was faster: ${holder} has this conversation now.`;
  if (state === "closed") return "Somebody has closed this handover meanwhile.";
  if (action === "release") return "It waits already.";
  return action === "reply" ? "You do not have this conversation any more: it waits again. Your text is still there." : error.message;
}

async function take() {
  const by = me || await askForName(), asked = view.id;
  if (!by || !asked) return;
  if (await act("claim", { by }, "You have it. Parley is silent there now.") && asked === view.id) {
    queue.filter = "mine";
    if (tab() === "inbox") showQueue();
    if (!byId("composer").hidden) byId("reply").focus();
  }
}

async function giveBack() {
  const asked = view.id, by = view.story.handover.claimed_by;
  if (await act("release", { by }, "It waits for somebody else now.") && asked === view.id) {
    queue.filter = "open";
    if (tab() === "inbox") showQueue();
    focusList();
  }
}

async function closeIt(note) {
  const asked = view.id;
  if (await act("close", { ...(note ? { note } : {}), ...(me ? { by: me } : {}) }, "Closed. Parley answers again.") && asked === view.id) focusList();
}

async function sendReply() {
  const box = byId("reply"), written = box.value, text = written.trim(), asked = view.id;
  if (byId("send").disabled) return;
  queue.sending = true;
  showSend();
  const before = timesSaid(view.story, text);
  const sent = await act("reply", { text, by: me }, "Sent.");
  queue.sending = false;
  if (sent) forgetReply(asked, written);
  showSend();
  if (asked !== view.id) return;
  box.focus();
  if (sent) return;
  view.unsure = { text, before, written };
  noticeLateReply(view.story);
}

const timesSaid = (story, text) => story.turns.filter((turn) => turn.by === me && turn.text === text).length;

// Take what was sent out of the box, or out of what is kept of it; what was added meanwhile stays.
function forgetReply(id, written) {
  const box = byId("reply"), isShown = id === view.id, kept = isShown ? box.value : view.drafts.get(id) || "";
  const rest = kept.startsWith(written) ? kept.slice(written.length).trimStart() : kept;
  view.drafts.set(id, rest);
  if (!isShown) return;
  box.value = rest;
  showSend();
  scroller.scrollTop = scroller.scrollHeight;
}

// A reply may have arrived although its call failed: it is not to be sent twice.
function noticeLateReply(story) {
  const { unsure } = view;
  if (!unsure || timesSaid(story, unsure.text) <= unsure.before) return;
  view.unsure = null;
  forgetReply(view.id, unsure.written);
  warn("");
  tell("It was sent after all.");
}
