// Reads a JSON list of diagrams from standard input; writes, for each, null or why Mermaid refuses it.
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!DOCTYPE html><body></body>");
globalThis.window = window;
globalThis.document = window.document;
globalThis.Element = window.Element;

const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });

let input = "";
for await (const chunk of process.stdin) input += chunk;

const verdicts = [];
for (const diagram of JSON.parse(input)) {
  try {
    await mermaid.parse(diagram);
    verdicts.push(null);
  } catch (error) {
    verdicts.push(String(error.message ?? error).slice(0, 400));
  }
}
process.stdout.write(JSON.stringify(verdicts));
