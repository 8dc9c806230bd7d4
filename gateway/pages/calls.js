"use strict";
// What pages that call the server share: addresses, keys, requests, streams of events.
// Behind a proxy that serves Parley under a path of its own, addresses are relative to the page.
// Where keys are asked for, people enter theirs once a tab. A widget on another site says its own.
const server = {
  base: () => document.body.dataset.base || ".",
  key: () => sessionStorage.getItem("key"),
  refused: askForKey,
};
const at = (path) => `${server.base()}${path}`;

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
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  return { status: response.status, body };
}

// Take the fields of an event apart: event, data, id.
function readEvent(block) {
  return Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
}

// Tell the events of a response as they come; return when it has ended or broken off, or is no longer
// heeded: once `heed` returns true.
async function readEvents(response, heed) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (text + part.value).split("\n\n");
    text = blocks.pop();
    if (blocks.map(readEvent).map(heed).includes(true)) return void reader.cancel().catch(() => {});
  }
}

// What an EventSource does, which cannot send a key.
async function listen(address, signal, heed) {
  for (let last = ""; !signal.aborted; await pause(2000)) {
    const key = server.key();
    try {
      const headers = keyed(last ? { "Last-Event-ID": last } : {});
      const response = await fetch(address, { headers, signal, cache: "no-store" });
      if (response.status === 401) { refused(key); continue; }
      if (!response.ok) continue;
      await readEvents(response, (event) => {
        heed(event);
        last = event.id || last;
      });
    } catch { /* it comes again */ }
  }
}
