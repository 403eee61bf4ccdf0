/**
 * What a reader may write to find charts among thousands: words, all of which a name must hold, in
 * any case; `layer1/` for names that begin so, or have a part that does; `/…/` for a regular
 * expression.
 */

export interface Search {
  matches(name: string): boolean;
  /** Why a regular expression is none; then everything matches. */
  error: string | null;
}

export function searchFor(text: string): Search {
  const wanted = text.trim();
  if (wanted.startsWith("/") && wanted.length > 1) return byExpression(wanted);
  const tests = wanted.toLowerCase().split(/\s+/).filter(Boolean).map(byWord);
  return {
    matches: (name) => {
      const lower = name.toLowerCase();
      return tests.every((test) => test(lower));
    },
    error: null,
  };
}

function byWord(word: string): (name: string) => boolean {
  if (!word.endsWith("/")) return (name) => name.includes(word);
  return (name) => name.split("\n").some((line) => line.startsWith(word) || line.includes(`/${word}`));
}

function byExpression(text: string): Search {
  const end = text.length > 2 && text.endsWith("/") ? -1 : undefined;
  try {
    const expression = new RegExp(text.slice(1, end), "im");
    return { matches: (name) => expression.test(name), error: null };
  } catch (error) {
    return { matches: () => true, error: error instanceof Error ? error.message : String(error) };
  }
}
