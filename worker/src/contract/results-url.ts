/** Behind `file://` comes the name of a machine, which must be this one: `file://results` is no directory of that name. */
export const RESULTS_URL =
  /^(file:(?!\/\/).+|file:\/\/(localhost)?\/.*|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?)$/;

/** Whether a place is a URL. A scheme may have capital letters; one letter is a drive of Windows. */
export function hasScheme(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(place);
}
