// Formats of numbers and times.

import { words } from "./words.mjs";

const language = document.documentElement.lang;
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false });
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
export const whole = (number) => new Intl.NumberFormat(language).format(number);
export const megabytes = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

export function when(text) {
  if (!text) return words.unknown;
  const time = new Date(text);
  return `${day.format(time)}, ${clock.format(time)}`;
}

export function since(text, now = Date.now()) {
  const minutes = Math.round((new Date(text) - now) / 60000);
  if (Math.abs(minutes) < 60) return ago.format(minutes, "minute");
  if (Math.abs(minutes) < 24 * 60) return ago.format(Math.round(minutes / 60), "hour");
  if (Math.abs(minutes) < 14 * 24 * 60) return ago.format(Math.round(minutes / 1440), "day");
  return day.format(new Date(text));
}
