// Checks a file before it is uploaded, against the same limits as the service.

import { megabytes } from "./numbers.mjs";
import { words } from "./words.mjs";

const MAXIMUM_BYTES = 32 * 1024 * 1024;

// The first bytes of each accepted format; `.` stands for any byte.
const KINDS = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^II\x2a\0/, /^MM\0\x2a/, /^BM/, /^RIFF....WEBP/s];

export const isId = (text) => text !== "" && text.trim() === text && !text.includes("/");

// Returns a sentence for the user, or undefined if the file can be uploaded.
export async function objection(file, names) {
  if (names.includes(file.name)) return words.upload.duplicate;
  if (!isId(file.name)) return words.upload.badName;
  if (file.size === 0) return words.upload.empty;
  if (file.size > MAXIMUM_BYTES) return words.upload.tooLarge(megabytes(file.size));
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  return KINDS.some((kind) => kind.test(head)) ? undefined : words.upload.noPicture;
}
