package s3topostgres.scan;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Which other setting reads a file whose quotes are where they may not be. From the first record
 * with such a fault on, the file is read with the other escape, too, beside its scan: so that it is
 * known, and not guessed, whether that is the remedy.
 */
final class Remedies {
  private final Supplier<FileScan> otherEscape;

  /**
   * Reads with the other escape; empty before the first fault, and once it has found one itself.
   */
  private Optional<FileScan> trial = Optional.empty();

  private boolean mayTry;
  private boolean ended;
  private boolean otherEscapeRefuted;
  private boolean noQuoteRefuted;

  /**
   * @param mayTry whether quotes mean something
   * @param otherEscape makes a scan with the other escape
   */
  Remedies(boolean mayTry, Supplier<FileScan> otherEscape) {
    this.mayTry = mayTry;
    this.otherEscape = otherEscape;
  }

  /** What is to be given the file's next bytes, too. */
  Optional<FileScan> running() {
    return ended ? Optional.empty() : trial;
  }

  /** Learns of a fault of quotes. At the first one, the trial begins with the current record. */
  void fault(FormFault fault, RecordSplitter splitter) {
    noQuoteRefuted |= fault != FormFault.QUOTE_INSIDE;
    if (mayTry) {
      mayTry = false;
      trial = Optional.of(otherEscape.get());
      otherEscapeRefuted |= !splitter.repeatRecord(trial.get());
    }
  }

  /**
   * Learns from a record that has ended.
   *
   * @param missplit whether it has a fault of quotes, and the wrong number of fields without them
   */
  void record(RecordSplitter splitter, boolean missplit) {
    // Behind the first fault the trial knows better.
    otherEscapeRefuted |= mayTry && splitter.isOtherEscapeRefuted();
    noQuoteRefuted |= missplit || splitter.hasQuotedFields();
    if (trial.isPresent() && trial.get().isMissplit()) {
      trial = Optional.empty();
    }
  }

  /** Ends the file; it may be given once more, which the trial does not need. */
  void end() {
    if (trial.isPresent() && !ended) {
      ended = true;
      if (trial.get().end().isPresent() || trial.get().isMissplit()) {
        trial = Optional.empty();
      }
    }
  }

  /** Whether the other escape reads the file without a fault of quotes. */
  boolean isOtherEscape() {
    return trial.isPresent() && !otherEscapeRefuted;
  }

  /** Whether {@code CSV_QUOTE=none} does. */
  boolean isNoQuote() {
    return !noQuoteRefuted;
  }
}
