"use strict";
// What people said of replies, and the search for a conversation's story.
const ratings = { all: [], filter: "bad", loaded: false };
const stories = { found: [], about: "" };

async function lookAtFeedback() {
  try {
    const { body } = await request(at(`/feedback?rating=${ratings.filter}&limit=200`));
    Object.assign(ratings, { all: body.feedback, loaded: true });
  } catch (error) {
    showLink(error.message);
    return;
  }
  if (tab() === "feedback") showFeedback();
}

function showFeedback() {
  filters([["bad", "Bad ones"], ["all", "All"]], ratings.filter, (name) => {
    ratings.filter = name;
    showFeedback();
    lookAtFeedback();
  });
  byId("left-note").textContent = "newest first";
  const shown = ratings.all.filter((each) => ratings.filter === "all" || each.score <= 2);
  fill(shown, (each) => each.job_id, view.mark, ratingCard, (each) => go("feedback", each.conversation_id, each.job_id));
  const none = ratings.filter === "bad" ? "No reply was rated 1 or 2." : "No reply was rated yet. Customers do so with the thumbs below each answer.";
  sayEmpty(ratings.loaded && !shown.length ? none : "");
}

function ratingCard(each) {
  const kind = [KINDS[each.kind] || each.kind, each.entry].filter(Boolean).join(": ");
  return [
    element("span", { class: "first" }, element("span", { class: "who" }, stars(each.score)), element("span", { class: "age" }, ago(each.at))),
    each.comment ? element("span", { class: "said", dir: "auto" }, `“${each.comment}”`) : null,
    element("span", { class: "said", dir: "auto" }, each.question || "The question is kept no longer."),
    kind ? element("span", { class: "last" }, badge(kind)) : null,
  ].filter(Boolean);
}

async function findStories(about) {
  stories.about = about;
  try { stories.found = (await request(at(`/conversations?about=${enc(about)}`))).body.conversations; }
  catch (error) { warn(error.message); return; }
  showStories();
  const ids = new Set(stories.found.map((each) => each.conversation_id));
  if (ids.size === 1) go("stories", ...ids);
  else focusList();
}

const FOUND_BY = { conversation: "is its id", job: "had this message", user: "is this customer's" };

function showStories() {
  filters([], "", () => { /* none */ });
  byId("left-note").textContent = stories.found.length > 1 ? `${stories.found.length} found` : "";
  fill(stories.found, (each) => `${each.found_by} ${each.conversation_id}`, null, (each) => [
    element("span", { class: "first" }, element("span", { class: "who" }, each.conversation_id)),
    element("span", { class: "last" }, FOUND_BY[each.found_by]),
  ], (each) => go("stories", each.conversation_id));
  const none = `Nothing is known of “${stories.about}”. Conversations are kept for a time, then forgotten.`;
  sayEmpty(stories.found.length ? "" : stories.about ? none : "Find a conversation by its own id, by that of a message (job), or by its customer's.");
}
