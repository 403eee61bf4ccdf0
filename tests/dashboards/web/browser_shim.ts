/** The little of a browser which modules touch when they are loaded. */

const page = globalThis as unknown as Record<string, unknown>;
page["document"] ??= { querySelector: () => null, documentElement: { dataset: {} } };
page["matchMedia"] ??= () => ({ matches: false, addEventListener: () => undefined });
page["location"] ??= { pathname: "/", origin: "http://test", href: "http://test/", search: "" };
