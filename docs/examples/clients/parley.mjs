// A client of Parley for Node 20 and browsers: fetch, and nothing else.
//
//   node parley.mjs ask TEXT [CONVERSATION]    one question, one reply
//   node parley.mjs stream TEXT                the reply as it comes
//   node parley.mjs follow TEXT                ask without waiting, look until there is a reply
//   node parley.mjs rate JOB SCORE [COMMENT]   1 (worst) to 5 (best)
//   node parley.mjs person CONVERSATION        what is said there, by a person too; Ctrl-C ends it
//
// PARLEY_URL is the gateway's address, PARLEY_API_KEY the key where one is asked for.

const TRIES = 5;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

export class Parley {
  constructor(url, key) {
    this.url = url;
    this.headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  }

  /** Ask, and wait for the reply. */
  async ask(text, conversation) {
    return (await this.send(text, conversation)).json();
  }

  /** Ask without waiting; return the job's id. */
  async submit(text) {
    return (await (await this.send(text, undefined, { Prefer: "respond-async" })).json()).job_id;
  }

  /** Look until the job has ended; return its reply. */
  async waitFor(job) {
    for (;;) {
      const found = await (await this.call("GET", `/jobs/${encodeURIComponent(job)}`)).json();
      if (found.error) throw new Error(found.error.detail);
      if (found.reply) return found.reply;
      await pause(1);
    }
  }

  /** Ask; yield the parts of the reply's text as they come. */
  async *stream(text) {
    const response = await this.send(text, undefined, { Accept: "text/event-stream" });
    for await (const { event, data } of events(response)) {
      if (event === "error") throw new Error(data.detail);
      if (event === "delta") yield data.text;
    }
  }

  /** Say how good a reply was, from 1 (worst) to 5 (best). */
  async rate(job, score, comment) {
    await this.call("POST", "/feedback", { job_id: job, score, comment });
  }

  /** Yield what is said in a conversation, and who has it; a broken stream is taken up again. */
  async *conversation(id) {
    let seen;
    for (;;) {
      try {
        const headers = seen ? { "Last-Event-ID": seen } : {};
        const path = `/conversations/${encodeURIComponent(id)}/events`;
        for await (const each of events(await this.call("GET", path, undefined, headers))) {
          seen = each.id ?? seen;
          yield each;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // what fetch throws without a connection
      }
      await pause(1);
    }
  }

  /**
   * Post a message; come back when it is refused for now, or the connection breaks. It goes under
   * the same Idempotency-Key each time, so it is asked once however often it is sent.
   */
  async send(text, conversation, headers = {}) {
    const key = { "Idempotency-Key": crypto.randomUUID(), ...headers };
    for (let tried = 0; ; tried += 1) {
      try {
        return await this.call("POST", "/chat", { message: text, conversation_id: conversation }, key);
      } catch (error) {
        const forNow = error instanceof TypeError || error.status === 429 || error.status === 503;
        if (!forNow || tried === TRIES - 1) throw error;
        await pause(error.retryAfter ?? 2 ** tried);
      }
    }
  }

  async call(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...headers },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return response;
    const error = new Error(`${response.status}: ${(await response.json()).detail}`);
    const retryAfter = response.headers.get("Retry-After");
    throw Object.assign(error, {
      status: response.status,
      retryAfter: retryAfter === null ? undefined : Number(retryAfter),
    });
  }
}

/** Yield id, name and data of server-sent events. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

async function main(command, ...given) {
  const parley = new Parley(process.env.PARLEY_URL ?? "http://127.0.0.1:8000", process.env.PARLEY_API_KEY);
  if (command === "ask") {
    console.log((await parley.ask(...given)).response);
  } else if (command === "stream") {
    for await (const part of parley.stream(...given)) process.stdout.write(part);
    console.log();
  } else if (command === "follow") {
    console.log((await parley.waitFor(await parley.submit(...given))).response);
  } else if (command === "rate") {
    const [job, score, comment] = given;
    await parley.rate(job, Number(score), comment);
  } else if (command === "person") {
    for await (const { event, data } of parley.conversation(...given)) {
      if (event === "turn") console.log(`${data.by ?? data.role}: ${data.text}`);
      if (event === "handover") console.log(`[${data.state}]`);
    }
  } else {
    throw new Error("ask, stream, follow, rate or person");
  }
}

if (globalThis.process?.argv[1]?.endsWith("parley.mjs")) {
  await main(...process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
