// The official JavaScript client, unchanged, against the gateway at PARLEY_URL.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.PARLEY_URL}/v1`, apiKey: "none", maxRetries: 0 });
const question = { role: "user", content: "Where is my parcel?" };

test("a completion, and the next one in the same conversation", async () => {
  const first = await client.chat.completions.create({ model: "parley", messages: [question] });
  const { content } = first.choices[0].message;
  assert.ok(content.length > 20);
  const second = await client.chat.completions.create({
    model: "parley",
    messages: [question, { role: "assistant", content }, { role: "user", content: "Thank you!" }],
  });
  assert.equal(second.parley.conversation_id, first.parley.conversation_id);
});

test("a stream of chunks with usage", async () => {
  const stream = await client.chat.completions.create({
    model: "parley",
    messages: [question],
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.ok(text.length > 20);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
});

test("responses, one after another and streamed", async () => {
  const first = await client.responses.create({ model: "parley", input: question.content });
  assert.ok(first.output_text.length > 20);
  const events = [];
  const stream = client.responses.stream({
    model: "parley",
    input: "Thank you!",
    previous_response_id: first.id,
  });
  for await (const event of stream) events.push(event.type);
  const final = await stream.finalResponse();
  assert.equal(events[0], "response.created");
  assert.equal(events.at(-1), "response.completed");
  assert.equal(final.conversation.id, first.conversation.id);
});

test("embeddings in both formats", async () => {
  const input = ["Where is my parcel?", "Where is my order?"];
  const plain = await client.embeddings.create({ model: "parley", input, encoding_format: "float" });
  const coded = await client.embeddings.create({ model: "parley", input });
  assert.equal(plain.data.length, 2);
  assert.deepEqual(
    plain.data.map((each) => each.embedding.map(Math.fround)),
    coded.data.map((each) => Array.from(each.embedding, Math.fround)),
  );
});

test("models and errors", async () => {
  const models = await client.models.list();
  assert.deepEqual(models.data.map((each) => each.id), ["parley"]);
  await assert.rejects(
    client.chat.completions.create({ model: "gpt-9", messages: [question] }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
  );
});
