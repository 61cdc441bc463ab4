// The texts in the page's language. To add a language, add a file like english.mjs and an entry here.

import { english } from "./english.mjs";

const languages = { en: english };

export const words = languages[document.documentElement.lang] ?? english;
