/** What every view of a cell's content answers to. */

/** A record of `/values` as it came: nobody promises any type of anything but the id. */
export interface CellRecord {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/**
 * One view for the life of a card, as long as the cell keeps its type. Its element fills the width
 * it is given, and is as high as its content. Where the reader chose a height, or enlarged the card,
 * the element's parent has the class `sized`: styles then let the content take all of that height.
 */
export interface CellView {
  readonly element: HTMLElement;
  /**
   * Shows the value of `record`, never an empty one. What was shown before stays, at its height,
   * until the new is ready; then this resolves. It rejects with an Error whose message is for the
   * reader. After `signal` aborts, a newer `show` is on its way, or `remove`: nothing is changed any
   * more, and it resolves. Never two at once.
   */
  show(record: CellRecord, signal: AbortSignal): Promise<void>;
  /** Gone for good: frames, listeners and timers of it end. */
  remove(): void;
}
