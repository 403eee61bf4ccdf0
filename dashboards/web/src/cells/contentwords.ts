/** Every word about what is in a cell. */

export const words = {
  html: (name: string): string => (name ? `HTML of ${name}` : "HTML"),
  image: (name: string): string => name || "Image",
  enlarge: (name: string): string => (name ? `Enlarge ${name}` : "Enlarge"),
  noText: (type: string): string => `its value is no text, which an ${type} cell needs`,
  refusedScheme: (address: string): string => `only http, https and data: pictures are shown, not ${address}`,
  malformed: (address: string): string => `${address} is no address`,
  notFound: (address: string, status: number): string =>
    status === 404 ? `nothing lies at ${address}${hint(address)}` : `${address} was answered with ${status}`,
  noPicture: (address: string, type: string): string => `at ${address} lies ${type || "something unknown"}, which is no picture`,
  broken: (address: string): string => `the picture at ${address} could not be read`,
  unreached: (address: string): string => `${address} could not be reached, or holds no picture`,
} as const;

/** Pictures of a folder are there only when the server was told of it. */
function hint(address: string): string {
  return /^(\.?\/)?images\//.test(address) ? "; agnez up --static FOLDER serves those of a folder there" : "";
}
