/** Which lines of console output tell of an error, whatever stream they were written to. */

import type { ConsoleLine } from "../model.ts";

/** A traceback longer than this is coloured from its end back so far. */
const LOOK_BACK = 60;
const TRACEBACK = /^\s*Traceback\b/;
/** "ValueError: …", "Exception in thread", "[ERROR]"; a figure behind the colon is a metric. */
const TROUBLE = /\b\w*(?:Error|Exception)(?:: *(?![\s\d.+-])|:? *$| in )|\berror: |\b(?:ERROR|CRITICAL|FATAL)\b/;

/** Whether line `number` looks like an error, or is a part of a traceback. */
export function isTrouble(number: number, line: (number: number) => ConsoleLine | undefined): boolean {
  const text = line(number)?.text;
  if (text === undefined) return false;
  return TRACEBACK.test(text) || TROUBLE.test(text) || inTraceback(number, line);
}

/** Lines of a traceback are indented below its head. */
function inTraceback(number: number, line: (number: number) => ConsoleLine | undefined): boolean {
  for (let n = number; n > number - LOOK_BACK; n--) {
    const text = line(n)?.text;
    if (text === undefined) return false;
    if (TRACEBACK.test(text)) return true;
    if (!/^\s/.test(text)) return false;
  }
  return false;
}
