// Reads formulas as JSON lines {page, tex, display} and prints those that KaTeX cannot draw.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
const katex = createRequire(import.meta.url)(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { page, tex, display } = JSON.parse(line);
  try {
    katex.renderToString(tex, { throwOnError: true, strict: (code) => (code === "unicodeTextInMathMode" ? "ignore" : "error"), displayMode: display });
  } catch (error) {
    console.log(`${page}: ${error.message}`);
  }
}
