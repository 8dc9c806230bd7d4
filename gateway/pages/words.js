"use strict";
// All that the chat says of itself. A widget's page may put other words in their place.
const words = {
  name: "Parley", you: "You", message: "Your message", placeholder: "Type your message", send: "Send",
  conversation: "Conversation", left: "{count} characters left", latest: "Go to the latest message",
  writing: "Writing", queued: "Messages before yours: {count}", again: "Trying to connect again",
  retry: "Try again", retryIn: "Try again in {seconds} s",
  choose: "Choose what you mean", choices: "Choices: {count}.",
  helpful: "Helpful", unhelpful: "Not helpful", rate: "Was this helpful?",
  thanks: "Thank you.", praise: "What was good? (optional)", blame: "What was missing? (optional)",
  comment: "Comment", give: "Send comment", skip: "Skip", old: "This reply is too old to be rated.", unrated: "This could not be saved. Please try again.",
  called: "You are waiting for a person. Keep writing, they will read all of it.",
  joined: "You are talking to a person now: {name}", entered: "{name} has joined.",
  gone: "{name} has left. {bot} answers again.", closed: "{bot} answers again.",
  offline: "You are offline. Your message is sent as soon as you are back.",
  offlineSent: "You are offline. The reply comes as soon as you are back.",
  unreachable: "The chat cannot be reached at the moment. Please try again.",
  unloaded: "What was said before cannot be loaded at the moment. It comes as soon as it can.",
  locked: "This chat asks for a key that was not given.",
  busy: "Very many people are writing just now. Please try again in a moment.",
  fast: "That was a lot at once. Please wait a moment and try again.",
  expired: "No answer came in time. Please try again.",
  failed: "This message could not be answered. Please try again, or say it in other words.",
  unknown: "No answer came. Please try again.",
  wrong: "Something went wrong on our side. Please try again.",
  cut: "Your message was long; only its beginning was read.",
  simulated: "Simulated engine: this is not a real answer.",
  welcome: "How can we help?", open: "Open chat", close: "Close chat", unread: "new messages: {count}", restart: "New conversation",
  sure: "{share} sure", tone: "tone", details: "Details",
};

const say = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? words[key] ?? "");

const PROBLEMS = {
  unauthenticated: "locked", "scope-missing": "locked", "rate-limited": "fast", "conversation-busy": "fast",
  "queue-full": "busy", "streams-full": "busy", "job-expired": "expired", "job-failed": "failed", "unknown-job": "unknown",
};

// Say in plain words what became of a message; what a person can change is said by the server.
function explain(error) {
  if (!(error instanceof CallError)) return say("wrong");
  if (PROBLEMS[error.kind]) return say(PROBLEMS[error.kind]);
  if (!error.status) return say("unreachable");
  return error.status < 500 ? error.message : say("wrong");
}
