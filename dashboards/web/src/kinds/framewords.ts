/** Every word about what is shown in a frame of its own. */

export const words = {
  silent: (seconds: number): string => `it was not done after ${seconds} seconds`,
  notLoaded: "its frame could not be loaded from the server",
  flooded: "It sent so much to the page around it that it was stopped.",
  left: "It left its frame for another page, which is not shown.",
  blocked: (what: readonly string[], hosts: readonly string[]): string =>
    `This HTML asks ${inWords(hosts)} for ${inWords(what)}, which are not loaded here.`,
  ownServer: "this server",
  otherBokeh: (made: string, drawn: string): string =>
    `Made with Bokeh ${made}, drawn with Bokeh ${drawn}: it may look different, or not draw.`,
} as const;

function inWords(all: readonly string[]): string {
  const shown = all.length > 3 ? [...all.slice(0, 2), `${all.length - 2} more`] : [...all];
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} and ${shown[shown.length - 1]}`;
}
