"use strict";
// What the parts of the desk share: words, times, small elements, and who sits here.
const REASONS = {
  wish: "Asks for a person", legal: "Legal", self_harm: "Self-harm", emergency: "Emergency",
  unanswered: "Not answered", tone: "Getting upset", entry: "Marked in the base",
};
const LEVELS = { self_harm: "bad", emergency: "bad", legal: "warn", tone: "warn" };
const KINDS = {
  answer: "Answer", clarify: "Asked back", smalltalk: "Small talk", recall: "Recalled",
  handover: "Handed over", fallback: "No sure answer",
};
const STAGES = ["queue", "prepare", "engine", "compose"];
const SECONDS_WARN = 300, SECONDS_BAD = 900;

const now = () => Date.now() / 1000;
const enc = encodeURIComponent;

function ago(since) {
  const seconds = Math.max(0, now() - since), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (seconds < 60) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours < 48 ? "1 day" : `${Math.floor(hours / 24)} days`;
}

function clock(seconds) {
  const moment = new Date(seconds * 1000), time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return moment.toDateString() === new Date().toDateString() ? time : `${moment.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

function badge(text, level) { return element("span", level ? { class: "badge", "data-level": level } : { class: "badge" }, text); }

function tones(labels) {
  const said = `Tone, oldest first: ${labels.join(", ")}`;
  return element("span", { class: "tones", role: "img", "aria-label": said, title: said },
    ...labels.map((label) => element("i", { "data-tone": label })));
}

function stars(score) {
  const attributes = { class: "stars", role: "img", "aria-label": `${score} of 5`, ...(score <= 2 ? { "data-bad": "" } : {}) };
  return element("span", attributes, "★".repeat(score) + "☆".repeat(5 - score));
}

function pairs(rows) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", { class: "pairs" }, ...shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function button(text, kind, act) {
  const made = element("button", { type: "button", class: kind }, text);
  made.addEventListener("click", act);
  return made;
}

function section(title, ...children) { return element("section", {}, element("h3", {}, title), ...children); }

function tell(text) { byId("news").textContent = text; }

function warn(text) {
  byId("alert-text").textContent = text;
  byId("alert").hidden = !text;
}

const post = (path, body, method = "POST") => request(at(path), {
  method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

// Fill a list without touching what has not changed: focus and scrolling stay. If what had the focus is
// gone, the next one gets it.
function fill(items, keyOf, chosen, build, open) {
  const list = byId("list"), held = document.activeElement, place = Array.from(list.children).findIndex((item) => item.contains(held));
  fillList(list, items, keyOf, chosen, build, open);
  if (place < 0 || document.activeElement === held) return;
  const near = list.children[Math.min(place, list.children.length - 1)];
  (list.contains(held) ? held : near ? near.firstChild : list).focus();
}

function fillList(list, items, keyOf, chosen, build, open) {
  const before = new Map(Array.from(list.children, (item) => [item.dataset.key, item]));
  const keys = new Set(items.map(keyOf));
  for (const [key, item] of before) if (!keys.has(key)) item.remove(); // first: what stays is not moved then, and keeps the focus
  items.forEach((each, place) => {
    const key = keyOf(each);
    let item = before.get(key);
    if (!item) {
      const card = element("button", { type: "button", class: "card" });
      item = element("li", { "data-key": key }, card);
      card.addEventListener("click", () => open(item.shown));
    }
    item.shown = each;
    const card = item.firstChild, parts = build(each), said = parts.map((part) => part.outerHTML).join("");
    if (item.said !== said) card.replaceChildren(...parts);
    item.said = said;
    if (key === chosen) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] || null);
  });
}

function sayEmpty(text) {
  byId("list-empty").textContent = text || "";
  byId("list-empty").hidden = !text;
}

function filters(choices, chosen, choose) {
  const place = byId("filters"), buttons = choices.map(([name, label]) => {
    const made = button(label, "", () => choose(name));
    made.setAttribute("aria-pressed", String(name === chosen));
    return made;
  });
  const held = Array.from(place.children).indexOf(document.activeElement);
  place.replaceChildren(...buttons);
  if (held >= 0 && buttons[held]) buttons[held].focus();
}

// Who sits here: a name that this browser keeps.
let me = localStorage.getItem("desk name") || "";

function showMe() { byId("who").textContent = me ? `You are ${me}` : "Set your name"; }

function askForName() {
  const dialog = byId("name-dialog");
  byId("name").value = me;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(me), { once: true });
  });
}
