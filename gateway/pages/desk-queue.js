"use strict";
// The inbox: handovers, live, and what a person does with one.
const queue = { open: [], claimed: [], closed: [], filter: "open", seen: null, turn: 0 };

async function lookAtQueue() {
  const midnight = new Date(), full = "limit=500";
  midnight.setHours(0, 0, 0, 0);
  const wanted = [["open", full], ["claimed", full]];
  if (queue.turn++ % 5 === 0) wanted.push(["closed", `${full}&since=${midnight / 1000 - 86400}`]);
  try {
    const pages = await Promise.all(wanted.map(([state, rest]) => request(at(`/handovers?state=${state}&${rest}`))));
    pages.forEach(({ body }, place) => { queue[wanted[place][0]] = body.handovers; });
    queue.closed = queue.closed.filter((each) => each.closed_at * 1000 >= midnight).sort((a, b) => b.closed_at - a.closed_at);
    showLink("");
  } catch (error) {
    showLink(error.message);
    return;
  }
  queue.open.sort((a, b) => isUrgent(b) - isUrgent(a)); // the longest waiting come first otherwise
  announceNew();
  if (tab() === "inbox") showQueue();
}

function showLink(fault) {
  byId("link").textContent = fault && byId("key-form").hidden ? `Not live: ${fault}` : "";
  byId("link").hidden = !byId("link").textContent;
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
  if (mine) made.push(["Give back", "quiet", giveBack], ["Close", "quiet", () => byId("close-dialog").showModal()]);
  const said = made.map(([text]) => text).join();
  if (byId("actions").dataset.said !== said || !byId("actions").children.length) {
    byId("actions").replaceChildren(...made.map((each) => button(...each)));
    byId("actions").dataset.said = said;
  }
  byId("composer").hidden = !mine;
}

// Do something with the handover that is shown; the desk is up to date afterwards, whatever came of it.
async function act(action, body, done) {
  const { handover } = view.story, asked = view.id;
  warn("");
  try {
    await post(`/handovers/${enc(handover.id)}/${action}`, body);
    tell(done);
    return asked === view.id;
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
  return action === "reply" ? "You do not have this conversation any more: it waits again. Your text is still there." : error.message;
}

async function take() {
  const by = me || await askForName();
  if (!by) return;
  if (await act("claim", { by }, "You have it. Parley is silent there now.")) {
    queue.filter = "mine";
    if (tab() === "inbox") showQueue();
    if (!byId("composer").hidden) byId("reply").focus();
  }
}

async function giveBack() {
  if (await act("release", { by: me }, "It waits for somebody else now.")) {
    queue.filter = "open";
    if (tab() === "inbox") showQueue();
    focusList();
  }
}

async function closeIt(note) {
  if (await act("close", note ? { note } : {}, "Closed. Parley answers again.")) focusList();
}

async function sendReply() {
  const box = byId("reply"), text = box.value.trim(), asked = view.id;
  if (!text || byId("send").disabled) return;
  byId("send").disabled = true;
  if (await act("reply", { text, by: me }, "Sent.")) {
    view.drafts.delete(asked);
    box.value = "";
    scroller.scrollTop = scroller.scrollHeight;
  }
  byId("send").disabled = !box.value.trim();
  box.focus();
}
