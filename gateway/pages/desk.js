"use strict";
// The desk's frame: where one is, the key, the name, and what is looked at how often.
const PARTS = { inbox: "Inbox", stories: "Stories", feedback: "Feedback", gaps: "Gaps" };
const route = () => location.hash.replace(/^#\/?/, "").split("/").map(decoded);

// An address that somebody cut off or typed may hold a lone %.
function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

function tab() { return PARTS[route()[0]] ? route()[0] : "inbox"; }

function go(...parts) {
  const hash = `#/${parts.map(enc).join("/")}`;
  if (location.hash === hash) show();
  else location.hash = hash;
}

function look(name) { document.body.dataset.view = name; }

function show() {
  const [, first, second] = route(), part = tab();
  warn("");
  for (const link of byId("tabs").children) {
    if (link.dataset.tab === part) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("left-title").textContent = PARTS[part];
  byId("search").hidden = part !== "stories";
  if (shownPart !== part) {
    byId("list").replaceChildren();
    sayEmpty("");
  }
  shownPart = part;
  const isOpen = part === "gaps" ? Boolean(first) && openGap(first, second) : Boolean(first) && (openConversation(first, second || null), true);
  if (!isOpen) showNothing(part);
  look(isOpen ? "middle" : "list");
  if (isOpen && getComputedStyle(byId("left")).display === "none") byId("middle").focus();
  refresh();
}

let shownPart = null;

const NOTHING = {
  inbox: "Choose a conversation. Who takes one speaks for Parley there, until it is closed.",
  stories: "A conversation's whole story: every turn, what was found, how sure it was, and how long it took.",
  feedback: "Choose a rating to see what it is about.",
  gaps: "Choose a question that got no answer, and give it one.",
};

function showNothing(part) {
  leaveConversation();
  gaps.chosen = null;
  showPane("placeholder");
  byId("placeholder").textContent = NOTHING[part];
  byId("middle-title").textContent = "Nothing chosen";
  byId("middle-note").textContent = "";
  if (part === "gaps") byId("facts").replaceChildren(howItWorks());
}

function refresh() {
  const part = tab();
  if (part === "inbox") showQueue();
  if (part === "stories") showStories();
  if (part === "feedback") { showFeedback(); lookAtFeedback(); }
  if (part === "gaps") { showGaps(); lookAtGapsFirst(); }
}

// A link to a gap or a draft is followed once they are known.
async function lookAtGapsFirst() {
  await lookAtGaps();
  const [, kind, id] = route();
  if (tab() === "gaps" && kind && byId("editor").hidden && openGap(kind, id)) look("middle");
}

function focusList() {
  const card = byId("list").querySelector("[aria-current]") || byId("list").querySelector(".card");
  (card || byId("list")).focus();
}

async function keepLooking() {
  for (let turn = 0; ; turn += 1) {
    if (byId("key-form").hidden) {
      await lookAtQueue();
      if (tab() === "gaps") await lookAtGaps();
      if (tab() === "feedback" && turn % 5 === 4) await lookAtFeedback();
    }
    await pause(tab() === "gaps" ? 1500 : 3000);
  }
}

window.addEventListener("hashchange", show);
byId("back").addEventListener("click", () => { go(tab()); focusList(); });
byId("to-facts").addEventListener("click", () => { look("facts"); byId("facts").focus(); });
byId("back-facts").addEventListener("click", () => { look("middle"); byId("to-facts").focus(); });
byId("alert-close").addEventListener("click", () => warn(""));
byId("who").addEventListener("click", askForName);
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const about = byId("about").value.trim();
  if (about) findStories(about);
});
byId("list").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const cards = Array.from(byId("list").querySelectorAll(".card")), place = cards.indexOf(document.activeElement);
  if (!step || place < 0) return;
  event.preventDefault();
  (cards[place + step] || cards[place]).focus();
});
byId("composer").addEventListener("submit", (event) => { event.preventDefault(); sendReply(); });
byId("reply").addEventListener("input", showSend);
byId("reply").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    event.preventDefault();
    sendReply();
  }
});
byId("name-form").addEventListener("submit", () => {
  me = byId("name").value.trim() || me;
  localStorage.setItem("desk name", me);
  showMe();
  refresh();
  if (view.story) showActions(view.story.handover);
});
byId("close-form").addEventListener("submit", () => {
  const text = byId("note").value.trim();
  byId("note").value = "";
  closeIt(text);
});
for (const cancel of document.querySelectorAll("[data-close]")) cancel.addEventListener("click", () => cancel.closest("dialog").close());
takeKey(() => {
  warn("");
  queue.turn = 0;
  lookAtQueue();
  loadStory();
  refresh();
});
showMe();
show();
keepLooking();
