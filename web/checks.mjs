// What is wrong with a file, before it is sent: the same limits as the service's own.

import { megabytes } from "./numbers.mjs";
import { words } from "./words.mjs";

const MAXIMUM_BYTES = 32 * 1024 * 1024;

// The first bytes of every kind of picture that is taken; `.` stands for any byte.
const KINDS = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^II\x2a\0/, /^MM\0\x2a/, /^BM/, /^RIFF....WEBP/s];

export const isId = (text) => text !== "" && text.trim() === text && !text.includes("/");

// A sentence for the sender, or undefined where the file may be sent.
export async function objection(file, names) {
  if (names.includes(file.name)) return words.upload.twice;
  if (!isId(file.name)) return words.upload.badName;
  if (file.size === 0) return words.upload.empty;
  if (file.size > MAXIMUM_BYTES) return words.upload.tooLarge(megabytes(file.size));
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  return KINDS.some((kind) => kind.test(head)) ? undefined : words.upload.noPicture;
}
