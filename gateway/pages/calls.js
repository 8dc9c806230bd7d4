"use strict";
// What pages that call the server share: addresses, keys, requests, streams of events.
// Behind a proxy that serves Parley under a path of its own, addresses are relative to the page.
const at = (path) => `${document.body.dataset.base || "."}${path}`;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Where keys are asked for, people enter theirs once a tab.
const keyed = (headers) => {
  const key = sessionStorage.getItem("key");
  return key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
};

function askForKey() {
  if (!byId("key-form").hidden) return;
  byId("key-form").hidden = false;
  byId("key").focus();
}

async function request(address, options = {}) {
  let response;
  try { response = await fetch(address, { ...options, headers: keyed(options.headers) }); }
  catch { throw new Error("The server cannot be reached. Check your connection and try again."); }
  if (response.status === 401) askForKey();
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) {
    const detail = (body && body.detail) || `The server answered with status ${response.status}.`;
    throw Object.assign(new Error(detail), { status: response.status, problem: body });
  }
  return { status: response.status, body };
}

// Take the fields of an event apart: event, data, id.
function readEvent(block) {
  return Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
}

// What an EventSource does, which cannot send a key.
async function listen(address, signal, heed) {
  for (let last = ""; !signal.aborted; await pause(2000)) {
    try {
      const headers = keyed(last ? { "Last-Event-ID": last } : {});
      const response = await fetch(address, { headers, signal, cache: "no-store" });
      if (response.status === 401) { askForKey(); continue; }
      if (!response.ok) continue;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const blocks = (text + part.value).split("\n\n");
        text = blocks.pop();
        for (const event of blocks.map(readEvent)) {
          heed(event);
          last = event.id || last;
        }
      }
    } catch { /* it comes again */ }
  }
}
