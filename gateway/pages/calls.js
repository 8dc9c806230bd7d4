"use strict";
// What pages that call the server share: addresses, keys, requests, streams of events.
// Behind a proxy that serves Parley under a path of its own, addresses are relative to the page.
// Where keys are asked for, people enter theirs once a tab. A widget on another site says its own.
const server = {
  base: () => document.body.dataset.base || ".",
  key: readKey,
  refused: askForKey,
};
const at = (path) => `${server.base()}${path}`;
// Streams say every 15 seconds that they are there.
const SILENCE_MS = 45000, MAX_PAUSE_MS = 15000;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const keyed = (headers) => {
  const key = server.key();
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
};

function askForKey() {
  if (!byId("key-form").hidden) return;
  byId("key-form").hidden = false;
  byId("key").focus();
}

// A browser that keeps nothing throws when it is asked to: then a key lasts as long as its page.
let enteredKey = null;
function readKey() {
  try { return sessionStorage.getItem("key") || enteredKey; } catch { return enteredKey; }
}

// Keep the key that is entered, and go on.
function takeKey(then) {
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    enteredKey = byId("key").value.trim();
    try { sessionStorage.setItem("key", enteredKey); } catch { /* it is full or not allowed */ }
    byId("key").value = "";
    byId("key-form").hidden = true;
    then();
  });
}

// Why a call came to nothing: its status (0: no answer at all), the problem's kind and members, and when
// to try again.
class CallError extends Error {
  constructor(sentence, { status = 0, kind = "", seconds = 0, problem = {} } = {}) {
    super(sentence);
    Object.assign(this, { status, kind, seconds, problem });
  }
}

function errorOf(problem, status, seconds = 0) {
  const { detail, type = "" } = problem || {};
  const kind = type.replace("urn:parley:problem:", "");
  return new CallError(detail || `The server answered with status ${status}.`, { status, kind, seconds, problem: problem || {} });
}

// A refusal of a call that was sent with another key, or without one, says nothing of the key that is there.
function refused(key) { if (server.key() === key) server.refused(); }

// Whether all may be well in a moment: there was no answer, or one of who stands before a server that
// restarts, or Redis does.
const isPassing = ({ status, kind }) => !status || kind === "queue-unavailable" || [502, 503, 504].includes(status) && !kind;

// Longer after each failure, and not for everybody the same.
const untilNext = (failures) => Math.min(1000 * 2 ** failures, MAX_PAUSE_MS) * (0.75 + Math.random() / 2);

async function send(address, options = {}) {
  const key = server.key();
  let response;
  try { response = await fetch(address, { ...options, headers: keyed(options.headers) }); }
  catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError("The server cannot be reached. Check your connection and try again.");
  }
  if (response.status === 401) refused(key);
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw errorOf(problem, response.status, Number(response.headers.get("Retry-After")) || 0);
}

async function request(address, options = {}) {
  const response = await send(address, options);
  try {
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  } catch { throw new CallError("The server's answer cannot be read. Try again."); }
}

// Take the fields of an event apart: event, data, id.
function readEvent(block) {
  return Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
}

// Tell the events of a response as they come; return when it has ended or broken off, or is no longer
// heeded: once `heed` returns true. A stream that is silent has lost its connection and does not know.
async function readEvents(response, heed, silence = SILENCE_MS) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const leave = () => reader.cancel().catch(() => {});
  let text = "", silent = setTimeout(leave, silence);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(silent);
      silent = setTimeout(leave, silence);
      const blocks = (text + part.value).split("\n\n");
      text = blocks.pop();
      if (blocks.map(readEvent).map(heed).includes(true)) return void leave();
    }
  } finally { clearTimeout(silent); }
}

// What an EventSource does, which cannot send a key.
async function listen(address, signal, heed) {
  let last = "";
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const response = await send(address, { headers: last ? { "Last-Event-ID": last } : {}, signal, cache: "no-store" });
      await readEvents(response, (event) => {
        failures = 0;
        heed(event);
        last = event.id || last;
      });
    } catch { /* it comes again */ }
    await pause(untilNext(failures));
  }
}
