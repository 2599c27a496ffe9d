import { readFileSync } from "node:fs";
import { extname } from "node:path";

type Upload = { name: string; size: number };

const KINDS = [".png", ".jpg", ".pdf"];
const MEBIBYTE = 1024 * 1024;
const LARGEST = 10 * MEBIBYTE;

const endingOf = ({ name }: Upload): string => extname(name).toLowerCase();

/** Why an upload is refused. */
const refusal = (upload: Upload): string | undefined => {
  if (!KINDS.includes(endingOf(upload))) return "the kind of file is not allowed";
  if (upload.size > LARGEST) return "the file is too large";
  return undefined;
};

const { uploads }: { uploads: Upload[] } = JSON.parse(readFileSync(0, "utf8"));
const judged = uploads.map((upload) => ({ name: upload.name, why: refusal(upload) }));
const refused = judged.filter(({ why }) => why !== undefined);
const accepted = judged.filter(({ why }) => why === undefined).map(({ name }) => name);
console.log(JSON.stringify({ accepted, refused }));
