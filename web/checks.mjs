// Checks a file before it is uploaded, against the same limits as the service.

import { megabytes } from "./numbers.mjs";
import { words } from "./words.mjs";

const MAXIMUM_BYTES = 32 * 1024 * 1024;

// Endings of the accepted formats' files, for the file chooser; what a file is, its first bytes say. Two tests compare both lists
// with the service's own (hemascope.domain.picture_file).
export const SUFFIXES = [
  ".bmp", ".btf", ".dib", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
];

// The first bytes of each accepted format; `.` stands for any byte.
const FIRST_BYTES = 64;
const KINDS = [
  /^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^II[*+]\0|^MM\0[*+]/, /^BM/, /^RIFF....WEBP/s,
  /^....ftyp(?:hei[cxms]|hev[cx]|m[is]f1....(?:....)*?(?:hei[cxms]|hev[cx]))/s,
];

// What an id or a file name can't contain, as hemascope.domain.characters says and a test compares.
const LONGEST = 255;
const REFUSED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/u;

// What is wrong with a text as an id or file name, as the end of a sentence; undefined if nothing is.
export function faultOf(text) {
  const { fault } = words.upload;
  const composed = text.normalize("NFC");
  const refused = REFUSED.exec(composed)?.[0];
  if ([...composed].length > LONGEST) return fault.long;
  if (refused) return fault.character(`U+${refused.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  if (text.includes("/")) return fault.slash;
  if (text === "." || text === "..") return fault.dots;
  return text === "" || text.trim() !== text ? fault.blank : undefined;
}

// Returns a sentence for the user, or undefined if the file can be uploaded.
export async function objection(file, names) {
  if (names.includes(file.name)) return words.upload.duplicate;
  const fault = faultOf(file.name);
  if (fault) return words.upload.badName(fault);
  if (file.size === 0) return words.upload.empty;
  if (file.size > MAXIMUM_BYTES) return words.upload.tooLarge(megabytes(file.size));
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer()));
  return KINDS.some((kind) => kind.test(head)) ? undefined : words.upload.noPicture;
}
