package s3topostgres.scan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.ScanTarget;

/**
 * Looks at every byte of a file, and finds all lines that {@code COPY} would refuse, or would read
 * in silence otherwise than meant. It is fed with the file's bytes in their order, by one thread at
 * a time.
 */
public final class FileScan {
  private static final byte CTRL_Z = 0x1A;

  private final ScanTarget target;
  private final ValueRules values;
  private final RowRules rows;
  private final RecordSplitter splitter;
  private final Remedies remedies;
  private final MalformedRecords malformedPlaces = new MalformedRecords();
  private final FaultList faults = new FaultList();
  private final FaultWords words;

  private boolean inHeader;
  private int headerLines;

  /** Whether the file has a quote that is never closed. */
  private boolean neverClosed;

  private long records;
  private long malformedRecords;

  /** Whether the current record is. */
  private boolean malformed;

  /** The well-formed records of which a value is refused, by their numbers among such. */
  private final List<Long> refusedValues = new ArrayList<>();

  /** Whether a value of the current record is. */
  private boolean refused;

  /** Whether the current record may end elsewhere, or have other fields. */
  private boolean doubtful;

  /**
   * @param target of the file's fields
   */
  public FileScan(CsvFormat format, ScanTarget target) {
    this(format, target, format.header() != Header.NONE, true);
  }

  private FileScan(CsvFormat format, ScanTarget target, boolean header, boolean tries) {
    this.target = target;
    this.inHeader = header;
    this.words = new FaultWords(format);
    this.rows = new RowRules(format);
    this.values = new ValueRules(format, target, this::addValue);
    this.splitter = new RecordSplitter(format, target.serverVersion(), true, new Listener());
    this.remedies =
        new Remedies(
            tries && format.isQuoted(),
            () -> new FileScan(format.withOtherEscape(), target, inHeader, false));
  }

  private void addValue(FormFault fault, String column, long line) {
    refused = true;
    Optional<String> name = Optional.of(column);
    faults.add(
        fault, name, () -> new Fault(OptionalLong.of(line), name, words.reason(fault, line, line)));
  }

  /** Looks at the file's next bytes. */
  public void accept(byte[] bytes, int from, int length) {
    int at = from;
    while (at < from + length) {
      Optional<FileScan> trial = remedies.running();
      int taken = splitter.accept(bytes, at, from + length - at);
      if (trial.isPresent()) {
        trial.get().accept(bytes, at, taken);
      }
      at += taken;
    }
  }

  /**
   * Ends the file. Behind a quote that is never closed it has to be read once more.
   *
   * @return from which byte on {@link #accept} has to be given the file again, before the file is
   *     ended again; empty if all of it was looked at
   */
  public OptionalLong end() {
    OptionalLong again = splitter.end();
    remedies.end();
    neverClosed |= again.isPresent();
    if (again.isEmpty()) {
      values.end();
      rows.end();
    }
    return again;
  }

  /** Whether a fault was found so far. */
  public boolean hasFaults() {
    return neverClosed || !faults.isEmpty();
  }

  /**
   * Refuses a file with faults before all of them are known.
   *
   * @throws LoadException {@code ROW_REJECTED} with the first fault found so far; its line is not
   *     known where a quote is never closed
   */
  public void refuseFaults() {
    if (hasFaults()) {
      Fault first =
          faults.isEmpty()
              ? new Fault(
                  OptionalLong.empty(),
                  Optional.empty(),
                  words.reason(FormFault.NEVER_CLOSED, 0, 0))
              : faults.first().get(0);
      throw ErrorCode.ROW_REJECTED
          .failure(first.reason(), ImportErrors.CORRECT_THE_FILE)
          .at(first.line(), first.column());
    }
  }

  /** Everything that was found, once the file has ended. */
  public ScanResult result() {
    String whatToDo = faults.isEmpty() ? "" : words.whatToDo(faults.kinds(), remedies);
    return new ScanResult(
        records,
        headerLines,
        malformedRecords,
        malformedPlaces,
        refusedValues,
        faults.first(),
        faults.count(),
        faults.byColumn(),
        whatToDo,
        Stream.concat(rows.warnings().stream(), values.warnings().stream()).toList());
  }

  /** Whether quotes are where they may not be, or a line has too many or too few fields. */
  boolean isMissplit() {
    return faults.kinds().stream()
        .anyMatch(kind -> kind.isOfQuotes() || kind.isOfFields() || kind == FormFault.FORMULA);
  }

  private final class Listener implements RecordListener {
    @Override
    public void field(byte[] bytes, int from, int to, int index, long line) {
      if (!inHeader && from >= 0) {
        values.look(bytes, from, to, index, splitter.isMarked(), line);
      }
    }

    @Override
    public void fault(FormFault fault, long line, long fieldLine) {
      if (fault.isOfQuotes()) {
        remedies.fault(fault, splitter);
      }
      // Of several in a record, the later ones come from the first.
      if (!doubtful || !fault.isOfQuotes()) {
        faults.addLine(fault, line, () -> atLine(line, words.reason(fault, line, fieldLine)));
      }
      malformed |= fault.isMalformed();
      doubtful |= fault.makesDoubtful();
    }

    @Override
    public void record(byte[] bytes, int from, int to, int fields, long line) {
      if (!inHeader) {
        check(bytes, from, to, fields, line);
        rows.look(bytes, from, to, fields, line);
        records++;
      } else {
        // Of a malformed one, the end is left to COPY, which skips a line.
        headerLines = malformed ? 1 : Math.toIntExact(splitter.line() - line);
      }
      if (malformed) {
        addMalformed(line);
      } else if (refused && refusedValues.size() <= MalformedRecords.MOST) {
        refusedValues.add(records - malformedRecords);
      }
      remedies.record(splitter, doubtful && fields != target.fields().size());
      inHeader = false;
      malformed = false;
      refused = false;
      doubtful = false;
    }

    /** Of the header the line end stays, because COPY skips a line. */
    private void addMalformed(long line) {
      long good = inHeader ? 0 : records - 1 - malformedRecords;
      malformedPlaces.add(
          splitter.recordOffset(),
          inHeader ? splitter.recordEnd() : splitter.nextOffset(),
          splitter.line() - line - (inHeader ? 1 : 0),
          good);
      malformedRecords += inHeader ? 0 : 1;
    }

    private void check(byte[] bytes, int from, int to, int fields, long line) {
      if (to - from == 1 && bytes[from] == CTRL_Z) {
        fault(FormFault.CTRL_Z, line, line);
      } else if (fields != target.fields().size() && !doubtful) {
        malformed = true;
        if (to == from) {
          fault(FormFault.BLANK_LINE, line, line);
        } else {
          FormFault kind =
              fields > target.fields().size()
                  ? FormFault.TOO_MANY_FIELDS
                  : FormFault.TOO_FEW_FIELDS;
          faults.addLine(
              kind, line, () -> atLine(line, FaultWords.reason(fields, target.fields().size())));
        }
      }
    }
  }

  private static Fault atLine(long line, String reason) {
    return new Fault(OptionalLong.of(line), Optional.empty(), reason);
  }
}
