// What became of each test, one JSON object a line, for the Python tests to read.

/** A reporter of Node's test runner. */
export default async function* report(events) {
  for await (const { type, data } of events) {
    const isEnd = type === "test:pass" || type === "test:fail";
    if (isEnd && data.details?.type !== "suite") {
      const outcome = data.skip === undefined ? type.slice("test:".length) : "skip";
      const error = data.details?.error;
      const why = error && String(error.cause?.stack ?? error.stack ?? error);
      yield `${JSON.stringify({ name: data.name, outcome, why })}\n`;
    }
  }
}
