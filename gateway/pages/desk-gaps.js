"use strict";
// What the base lacks, and what an editor puts into it.
const gaps = { known: null, drafts: [], filter: "open", proposal: null, chosen: null, since: 0, changing: false, editors: new Map() };

async function lookAtGaps() {
  try {
    const [known, drafts] = await Promise.all([request(at("/gaps")), request(at("/drafts"))]);
    Object.assign(gaps, { known: known.body, drafts: drafts.body.drafts });
  } catch (error) {
    showLink(error.message);
    return;
  }
  if (tab() === "gaps") {
    showGaps();
    showDraftState();
  }
}

const STATES = {
  live: ["live", "good", "Live: customers are answered with it."],
  in_base: ["in the base", "good", "The base's files say the same already. You can remove it here."],
  refused: ["refused", "bad", "Not taken: "],
  waiting: ["waiting", "warn", "A worker will take it in within seconds."],
};
const SECONDS_TO_LIVE = 60;
const LATE = ["waiting", "bad", "No worker has taken it in yet. Does one run, and is the base without faults? `parley kb check` lists them."];
const stateName = (known) => known.outcome ? known.outcome.state : "waiting";

function showGaps() {
  const groups = gaps.known ? gaps.known.groups : [];
  filters([["open", groups.length ? `Open ${groups.length}` : "Open"], ["accepted", gaps.drafts.length ? `Accepted ${gaps.drafts.length}` : "Accepted"]], gaps.filter, (name) => {
    gaps.filter = name;
    showGaps();
  });
  byId("left-note").textContent = gaps.filter === "open" && groups.length ? "most frequent first" : "";
  if (gaps.filter === "open") {
    fill(groups, (each) => `gap ${each.id}`, `gap ${gaps.chosen}`, gapCard, (each) => go("gaps", "gap", each.id));
    sayEmpty(groups.length ? "" : nothingOpen());
  } else {
    fill(gaps.drafts, (each) => `draft ${each.draft.id}`, `draft ${gaps.chosen}`, draftCard, (each) => go("gaps", "draft", each.draft.id));
    sayEmpty(gaps.drafts.length ? "" : "Nothing accepted waits to be written into the base's files.");
  }
}

function nothingOpen() {
  if (!gaps.known) return "";
  if (!gaps.known.kept) return "No questions without an answer are kept. Workers keep them, redacted, only with PARLEY_GAPS=1.";
  if (gaps.known.at) return "Every question that got no answer is settled.";
  gaps.since = gaps.since || now();
  return now() - gaps.since < 20 ? "A worker is grouping them." : "No inference worker has grouped them yet. Is one running?";
}

function gapCard(each) {
  return [
    element("span", { class: "first" }, element("span", { class: "who" }, each.question), element("span", { class: "age" }, `${each.times} ×`)),
    element("span", { class: "last" }, each.answered ? badge("answered by now", "good") : null,
      each.nearest ? `nearest: ${each.nearest}, ${percent(each.confidence)}` : "nothing near"),
  ];
}

function draftCard(known) {
  const { draft } = known, [label, level] = STATES[stateName(known)];
  return [
    element("span", { class: "first" }, element("span", { class: "who" }, draft.question || draft.phrasings[0]), element("span", { class: "age" }, ago(draft.at))),
    element("span", { class: "last" }, badge(label, level), draft.kind === "entry" ? `new entry ${draft.entry}` : `${draft.phrasings.length} more of ${draft.entry}`),
  ];
}

function propose(proposal) {
  gaps.proposal = { wordings: [], times: 1, reasons: {}, ...proposal };
  go("gaps", "new");
}

function openGap(kind, id) {
  leaveConversation();
  gaps.chosen = id || null;
  const found = kind === "draft" ? gaps.drafts.find((each) => each.draft.id === id) : null;
  const group = kind === "gap" && gaps.known ? gaps.known.groups.find((each) => each.id === id) : kind === "new" ? gaps.proposal : null;
  byId("facts").replaceChildren(howItWorks());
  if (!found && !group) return false;
  if (kind !== "new") gaps.filter = kind === "draft" ? "accepted" : "open";
  showPane("editor");
  byId("editor").dataset.draft = found ? id : "";
  byId("middle-title").textContent = found ? found.draft.question || found.draft.phrasings[0] : group.question;
  byId("middle-note").textContent = found ? `Accepted ${ago(found.draft.at)}${found.draft.by ? ` by ${found.draft.by}` : ""}` : group.times === 1 ? "asked once" : `asked ${group.times} times`;
  showEditor(found ? `${id} ${found.draft.at}` : `${kind} ${group.id || group.question}`, () => found ? draftEditor(found) : gapEditor(group));
  showDraftState();
  return true;
}

// What was written in one stays while one looks at something else.
function showEditor(name, build) {
  byId("editor").dataset.shows = name;
  byId("editor").replaceChildren(...(gaps.editors.get(name) || build()));
}

byId("editor").addEventListener("input", ({ currentTarget: editor }) => gaps.editors.set(editor.dataset.shows, Array.from(editor.children)));

function howItWorks() {
  return section("From a gap to an answer",
    element("ul", {},
      element("li", {}, "Accept it as further wordings of an entry, or as an entry of its own."),
      element("li", {}, "Workers take it in within seconds: no file is touched, no restart."),
      element("li", {}, "What is in [brackets] stands for what was taken out. Write it as anybody would ask."),
      element("li", {}, element("code", { class: "id" }, "parley kb accepted --write"), " puts it into the base's files, for good.")));
}

function field(label, control, hint) {
  control.id = control.id || `field-${label.toLowerCase().replace(/\W+/g, "-")}`;
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control, hint ? element("p", { class: "note" }, hint) : null);
}

function textBox(value, rows, most) {
  const box = element("textarea", { rows: String(rows), maxlength: String(most), dir: "auto" });
  box.value = value;
  return box;
}

function textField(value, most = 255) {
  const box = element("input", { maxlength: String(most), spellcheck: "false", autocomplete: "off", dir: "auto" });
  box.value = value || "";
  return box;
}

function gapEditor(group) {
  const texts = [group.question, ...group.wordings];
  const boxes = texts.map((text) => {
    const box = element("input", { type: "checkbox" });
    box.checked = true;
    return [box, element("label", { class: "choice" }, box, element("span", { dir: "auto" }, text)), text];
  });
  const existing = element("input", { type: "radio", name: "as" }), fresh = element("input", { type: "radio", name: "as" });
  (group.nearest && group.confidence !== undefined && group.confidence < 0.2 ? fresh : group.nearest ? existing : fresh).checked = true;
  const entry = textField(group.nearest), question = textField(group.question, 1000), answer = textBox("", 6, 20000), id = textField("");
  const near = group.nearest_question ? `Nearest: “${group.nearest_question}”${group.confidence === undefined ? "" : `, ${percent(group.confidence)}`}` : "";
  const more = element("div", { class: "nested" }, field("Id of the entry", entry, near));
  const made = element("fieldset", { class: "nested" }, element("legend", { class: "hidden" }, "New entry"),
    field("Question", question), field("Answer", answer, "Markdown. Customers read it as it stands."), field("Id", id, "Leave it empty to get one from the question."));
  const form = element("form", {},
    group.id ? null : element("p", { class: "note" }, "These are the customer's own words. Leave out what says who they are."),
    element("fieldset", {}, element("legend", {}, texts.length > 1 ? "Wordings to take over" : "Wording"), element("div", { class: "wordings" }, ...boxes.map(([, label]) => label))),
    element("fieldset", {}, element("legend", {}, "Accept as"),
      element("label", { class: "choice" }, existing, "wordings of an entry that is there"), more,
      element("label", { class: "choice" }, fresh, "an entry of its own"), made),
    element("div", { class: "buttons" }, element("button", { class: "primary", type: "submit" }, "Accept into the base"),
      group.id ? button("Not for the base", "quiet", () => dismiss(group)) : null));
  const show = () => { more.hidden = !existing.checked; made.hidden = !fresh.checked; };
  existing.addEventListener("change", show);
  fresh.addEventListener("change", show);
  show();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const taken = boxes.filter(([box]) => box.checked).map(([, , text]) => text);
    const rest = { ...(group.id ? { gap: group.id } : {}), ...(me ? { by: me } : {}) };
    accept(existing.checked
      ? { kind: "phrasings", entry: entry.value.trim(), phrasings: taken, ...rest }
      : { kind: "entry", question: question.value, answer: answer.value, phrasings: taken.filter((text) => text !== question.value), ...(id.value.trim() ? { entry: id.value.trim() } : {}), ...rest });
  });
  return [form];
}

function draftEditor({ draft }) {
  const phrasings = textBox(draft.phrasings.join("\n"), Math.min(8, draft.phrasings.length + 2), 60000);
  const entry = textField(draft.entry), question = textField(draft.question, 1000), answer = textBox(draft.answer, 6, 20000);
  const isEntry = draft.kind === "entry";
  const form = element("form", {},
    ...(isEntry ? [field("Question", question), field("Answer", answer, "Markdown. Customers read it as it stands.")] : []),
    field(isEntry ? "Further wordings" : "Wordings", phrasings, "One a line."),
    field("Id of the entry", entry),
    element("div", { class: "buttons" }, element("button", { class: "primary", type: "submit" }, "Save"), button("Take it back", "quiet", () => takeBack(draft))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = phrasings.value.split("\n").map((text) => text.trim()).filter(Boolean);
    accept({ kind: draft.kind, entry: entry.value.trim(), phrasings: said, ...(isEntry ? { question: question.value, answer: answer.value } : {}), ...(me ? { by: me } : {}) }, draft.id);
  });
  return [element("p", { class: "state", id: "draft-state" }), form];
}

// Only the state follows what workers do; what is being written stays.
function showDraftState() {
  const place = byId("draft-state"), known = gaps.drafts.find((each) => each.draft.id === byId("editor").dataset.draft);
  if (!place || !known) return;
  const isLate = stateName(known) === "waiting" && now() - known.draft.at > SECONDS_TO_LIVE;
  const [label, level, sentence] = isLate ? LATE : STATES[stateName(known)], reason = known.outcome && known.outcome.reason;
  const said = `${sentence}${reason ? (stateName(known) === "refused" ? `${reason}.` : ` (${reason})`) : ""}`;
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  place.dataset.level = level;
  place.replaceChildren(badge(label, level), element("span", {}, said));
  tell(said);
}

// Do one thing at a time: a second click while the first one is under way does nothing.
async function change(act) {
  if (gaps.changing) return;
  gaps.changing = true;
  warn("");
  try { await act(); }
  catch (error) { warn(error.message); }
  finally { gaps.changing = false; }
}

const accept = (body, draft) => change(async () => {
  const { body: known } = await post(draft ? `/drafts/${enc(draft)}` : "/drafts", body, draft ? "PUT" : "POST");
  forgetEditor();
  gaps.filter = "accepted";
  gaps.proposal = null;
  await lookAtGaps();
  if (draft) openGap("draft", known.draft.id);
  else go("gaps", "draft", known.draft.id);
});

const dismiss = (group) => change(async () => {
  await post(`/gaps/${enc(group.id)}/dismiss`, {});
  await leaveEditor("Left out. It does not come again.");
});

const takeBack = (draft) => change(async () => {
  await request(at(`/drafts/${enc(draft.id)}`), { method: "DELETE" });
  await leaveEditor("Taken back.");
});

async function leaveEditor(said) {
  tell(said);
  forgetEditor();
  await lookAtGaps();
  go("gaps");
  focusList();
}

function forgetEditor() { gaps.editors.delete(byId("editor").dataset.shows); }
