import { readFileSync } from "node:fs";

const BASE = "https://api.example.com";
const MOST_CHARACTERS = 1_000_000;

type Request = { path: string; query?: string; dry_run?: boolean };
type Answer = { url: string; status: number | null; body: string | null };

/** One part of an address; what is no character becomes the sign for that. */
function quote(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "?"));
}

/** The whole address; every part of it is quoted, so that no input can lead elsewhere. */
function address(request: Request): string {
  const path = request.path.replace(/^\/+/, "").split("/").map(quote).join("/");
  return `${BASE}/${path}?q=${quote(request.query ?? "")}`;
}

/** Asks the API, or only says what would be asked. */
async function solve(request: Request): Promise<Answer> {
  const url = address(request);
  if (request.dry_run ?? true) return { url, status: null, body: null };
  const answer = await fetch(url, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(15_000),
  });
  const body = await answer.text();
  return { url, status: answer.status, body: body.slice(0, MOST_CHARACTERS) };
}

try {
  const request = JSON.parse(readFileSync(0, "utf8")) as Request;
  console.log(JSON.stringify(await solve(request)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ success: false, error: message }));
  process.exitCode = 1;
}
