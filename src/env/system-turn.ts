/** One turn of the event loop: by then every promise chain that waits for neither time nor I/O has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
