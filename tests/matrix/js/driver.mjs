// Vercel's AI SDK as a client: one question as a line of JSON on standard input, one answer as a line on standard output.
//
// {id, surface, url, key, model, stream, ask} -> {id, text, thought, calls, finish, usage, messages} or {id, error, message}.
// `ask` holds arguments of generateText in JSON: https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text.

import { createInterface } from "node:readline";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";

// Nobody reads them here.
globalThis.AI_SDK_LOG_WARNINGS = false;

const MODELS = {
  "openai-chat": ({ url, key, model }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat(model),
  "openai-responses": ({ url, key, model }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(model),
  "anthropic-messages": ({ url, key, model }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model),
  gemini: ({ url, key, model }) => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key })(model),
};

const OPENAI_TOOLS = {
  web_search: () => createOpenAI({ apiKey: "" }).tools.webSearch(),
  code_execution: () => createOpenAI({ apiKey: "" }).tools.codeInterpreter(),
};
// Tools that the vendor runs, where the SDK has a word for them.
const HOSTED = {
  "openai-responses": OPENAI_TOOLS,
  "anthropic-messages": {
    web_search: () => createAnthropic({ apiKey: "" }).tools.webSearch_20250305(),
    code_execution: () => createAnthropic({ apiKey: "" }).tools.codeExecution_20250825(),
  },
  gemini: {
    web_search: () => createGoogleGenerativeAI({ apiKey: "" }).tools.googleSearch({}),
    code_execution: () => createGoogleGenerativeAI({ apiKey: "" }).tools.codeExecution({}),
  },
};

async function answer(question) {
  const { tools, schema, ...plain } = question.ask;
  const model = MODELS[question.surface](question);
  // The operator's words stand where they stood.
  const wanted = { model, maxRetries: 0, allowSystemInMessages: true, ...plain };
  if (tools) {
    wanted.tools = Object.fromEntries(
      tools.map(({ name, hosted, custom, schema: inputSchema, ...plain }) => {
        if (hosted) return [name, HOSTED[question.surface][hosted]()];
        if (custom) return [name, createOpenAI({ apiKey: "" }).tools.customTool({ name, ...plain })];
        return [name, tool({ ...plain, inputSchema: jsonSchema(inputSchema) })];
      }),
    );
  }
  if (schema) wanted.output = Output.object({ schema: jsonSchema(schema) });
  if (!question.stream) return seen(await generateText(wanted));
  let failed;
  const streamed = streamText({ ...wanted, onError: ({ error }) => (failed = error) });
  await streamed.consumeStream({ onError: (error) => (failed ??= error) });
  if (failed) throw failed;
  const [text, reasoningText, toolCalls, finishReason, usage, response] = await Promise.all([
    streamed.text, streamed.reasoningText, streamed.toolCalls, streamed.finishReason, streamed.usage, streamed.response,
  ]);
  return seen({ text, reasoningText, toolCalls, finishReason, usage, response });
}

function seen({ text, reasoningText, toolCalls, finishReason, usage, response }) {
  return {
    text,
    thought: reasoningText ?? "",
    calls: toolCalls.filter((it) => !it.providerExecuted).map((it) => ({ id: it.toolCallId, name: it.toolName, input: it.input })),
    finish: finishReason,
    usage,
    messages: response.messages,
    headers: response.headers ?? {},
  };
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  const question = JSON.parse(line);
  let reply;
  try {
    reply = await answer(question);
  } catch (error) {
    reply = { error: error?.statusCode ?? "broken", message: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify({ id: question.id, ...reply })}\n`);
});
