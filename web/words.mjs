// The words of the page's language. A language is one more file like english.mjs, and one more line here.

import { english } from "./english.mjs";

const languages = { en: english };

export const words = languages[document.documentElement.lang] ?? english;
