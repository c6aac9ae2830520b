/** Ends one after the other, in this order, whatever becomes of those before; rejects with what went wrong. */
export async function closeEach(closers: readonly (() => void | Promise<void>)[]): Promise<void> {
  const failed: unknown[] = [];
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length === 1) throw failed[0];
  if (failed.length > 1) throw new AggregateError(failed, 'the cluster could not close everything');
}
