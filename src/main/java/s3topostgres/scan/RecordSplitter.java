package s3topostgres.scan;

import java.util.OptionalLong;
import s3topostgres.config.CsvFormat;

/**
 * Splits a file into records and fields exactly as {@code COPY} does, in constant memory and
 * without an object for each. It looks at each byte once, through a table of what the byte means
 * where it stands.
 *
 * <p>Strictly, a quote counts only at the beginning and the end of a field. A field with another
 * one is told as a fault, and its other quotes are characters like any other, so that the record
 * ends with its line. Not strictly, quotes begin and end quoted parts wherever they are, as they do
 * for {@code COPY}.
 *
 * @see <a
 *     href="https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/commands/copyfromparse.c">CopyReadLineText
 *     and CopyReadAttributesCSV</a>
 */
final class RecordSplitter {
  /** Longer fields and records are split as well, but not shown to the listener. */
  static final int KEPT = 64 * 1024;

  /** The last version whose COPY ends at a line {@code \.}. */
  private static final int LAST_WITH_END_MARK = 17;

  private enum LineEnd {
    UNKNOWN,
    LF,
    CR,
    CRLF
  }

  private final CsvFormat format;
  private final FileEncoding encoding;
  private final ByteClasses classes;
  private final byte quote;

  /** Whether a quote in quotes is doubled, because the escape is the quote. */
  private final boolean isDoubled;

  private final boolean strict;
  private final boolean endMark;
  private final RecordListener listener;

  private final Window window = new Window(KEPT);
  private int position;
  private boolean begun;

  /** What the bytes mean at the position: one of the tables of {@link ByteClasses}. */
  private byte[] state;

  private LineEnd lineEnd = LineEnd.UNKNOWN;
  private long line = 1;

  /** Negative where it is not in the window any more. */
  private int recordStart;

  private long recordOffset;
  private long recordLine = 1;
  private long recordEnd;
  private long nextOffset;

  /** Negative where it is not in the window any more. */
  private int fieldStart;

  private long fieldLine = 1;
  private int fieldIndex;

  /** Where the quoted field begins that is not closed yet. */
  private long quoteOffset;

  /** The place in the file of a quote that is never closed; negative as long as none is known. */
  private long neverClosed = -1;

  /** How many of the record's fields the listener was told before it was split once more. */
  private int told;

  /** Whether the field has a character of {@link ByteClasses#MARK}, or one beyond ASCII. */
  private boolean marked;

  private boolean quotedFields;
  private boolean otherEscapeRefuted;

  /**
   * @param serverVersion the major version of Postgres that is to read the file
   */
  RecordSplitter(CsvFormat format, int serverVersion, boolean strict, RecordListener listener) {
    this.format = format;
    this.encoding = FileEncoding.of(format);
    this.classes = new ByteClasses(format, encoding);
    this.quote = (byte) format.quote();
    this.isDoubled = format.quote() == format.escape();
    this.strict = strict;
    this.endMark = strict && serverVersion <= LAST_WITH_END_MARK;
    this.listener = listener;
    this.state = classes.unquoted;
  }

  /** Takes the file's next bytes, or the first of them, and returns how many. */
  int accept(byte[] bytes, int from, int length) {
    if (window.isFull()) {
      discard();
    }
    int taken = window.append(bytes, from, length);
    split(window.limit() - Window.AHEAD);
    return taken;
  }

  /**
   * Ends the file. Behind a quote that is never closed the file has to be split once more, because
   * nothing is known of its lines.
   *
   * @return from which byte on the file has to be given to {@link #accept} again; empty if all is
   *     done
   */
  OptionalLong end() {
    window.end();
    split(window.limit());
    while (strict && state == classes.quoted) {
      neverClosed = quoteOffset;
      if (recordStart < 0) {
        window.restart(recordOffset);
        splitRecordAgain(0);
        return OptionalLong.of(recordOffset);
      }
      splitRecordAgain(recordStart);
      split(window.limit());
    }
    if (state != classes.quoted && window.offset(window.limit()) > recordOffset) {
      endRecord(window.limit(), window.limit());
    }
    return OptionalLong.empty();
  }

  private void splitRecordAgain(int at) {
    told = fieldIndex;
    position = at;
    recordStart = at;
    line = recordLine;
    startField(at);
    fieldIndex = 0;
    otherEscapeRefuted = false;
  }

  /** The place in the file of the current record's first byte. */
  long recordOffset() {
    return recordOffset;
  }

  /** The line on which the current record begins. */
  long recordLine() {
    return recordLine;
  }

  /** The place in the file of the line end of the record that has just ended. */
  long recordEnd() {
    return recordEnd;
  }

  /** The place in the file behind the line end of the record that has just ended. */
  long nextOffset() {
    return nextOffset;
  }

  /** The line of the next byte. */
  long line() {
    return line;
  }

  /** Whether the field that ends has a backslash, or a character beyond ASCII. */
  boolean isMarked() {
    return marked;
  }

  /** Whether any field so far began with a quote. */
  boolean hasQuotedFields() {
    return quotedFields;
  }

  /**
   * Whether the current record would be read otherwise with the other escape: the backslash instead
   * of the quote, or the quote instead of another character.
   */
  boolean isOtherEscapeRefuted() {
    return otherEscapeRefuted;
  }

  /**
   * Gives another scan the current record from its beginning on, and what is known of the file
   * behind it.
   *
   * @return false if the record is too long
   */
  boolean repeatRecord(FileScan other) {
    if (recordStart >= 0) {
      other.accept(window.bytes, recordStart, window.limit() - recordStart);
    }
    return recordStart >= 0;
  }

  private void split(int stop) {
    if (!begun && stop > 0) {
      begin();
    }
    int at = position;
    while (at < stop) {
      at = state == classes.quoted ? inQuotes(at, stop) : outsideQuotes(at, stop);
    }
    position = Math.min(at, window.limit());
  }

  /** Goes on to a quote or to the stop. */
  private int outsideQuotes(int from, int stop) {
    byte[] bytes = window.bytes;
    byte[] meaning = state;
    int at = from;
    while (at < stop) {
      byte found = meaning[bytes[at] & 0xFF];
      if (found == ByteClasses.ORDINARY) {
        at++;
      } else if (found == ByteClasses.DELIMITER) {
        endField(at);
        at++;
        startField(at);
        meaning = classes.unquoted;
      } else if (found == ByteClasses.QUOTE) {
        return quote(at);
      } else {
        at =
            switch (found) {
              case ByteClasses.LINE_FEED, ByteClasses.CARRIAGE_RETURN -> lineBreak(at);
              case ByteClasses.STRAY -> stray(at);
              default -> character(found, at);
            };
        meaning = state;
      }
    }
    return at;
  }

  /** Goes on to behind the quote that closes, or to the stop. */
  private int inQuotes(int from, int stop) {
    byte[] bytes = window.bytes;
    byte[] meaning = classes.quoted;
    int at = from;
    while (at < stop) {
      byte found = meaning[bytes[at] & 0xFF];
      if (found == ByteClasses.ORDINARY) {
        at++;
      } else if (found == ByteClasses.QUOTE) {
        if (!isDoubled || bytes[at + 1] != quote) {
          return closingQuote(at);
        }
        otherEscapeRefuted = true;
        at += 2;
      } else {
        at =
            switch (found) {
              case ByteClasses.LINE_FEED, ByteClasses.CARRIAGE_RETURN -> lineBreak(at);
              case ByteClasses.ESCAPE -> escape(at);
              default -> character(found, at);
            };
      }
    }
    return at;
  }

  private int closingQuote(int at) {
    otherEscapeRefuted |= window.isBehindBackslash(at);
    state = strict ? classes.closed : classes.unquoted;
    return at + 1;
  }

  private int escape(int at) {
    byte next = window.bytes[at + 1];
    boolean escapes = next == format.escape() || next == quote;
    marked = true;
    otherEscapeRefuted |= escapes;
    return escapes ? at + 2 : at + 1;
  }

  /** A character beyond ASCII, one that no file may have, or a mark. */
  private int character(byte found, int at) {
    marked = true;
    if (found == ByteClasses.MARK) {
      return at + 1;
    }
    if (found != ByteClasses.CHARACTER) {
      fault(found == ByteClasses.NUL ? FormFault.NUL_BYTE : FormFault.STAND_IN);
      return at + 1;
    }
    int length = encoding.length(window.bytes, at);
    if (length == 0) {
      fault(FormFault.NOT_IN_ENCODING);
    }
    return at + Math.max(1, length);
  }

  private int stray(int at) {
    fault(FormFault.TEXT_AFTER_QUOTE);
    state = classes.literal;
    return at;
  }

  private int quote(int at) {
    if (strict && neverClosed == window.offset(at)) {
      fault(FormFault.NEVER_CLOSED);
      state = classes.literal;
    } else if (!strict || window.isBlank(behindMarks(window.kept(fieldStart, at)), at)) {
      quoteOffset = window.offset(at);
      quotedFields = true;
      state = classes.quoted;
    } else {
      fault(misplaced(at - 1));
      state = classes.literal;
    }
    return at + 1;
  }

  /** Passes over further byte-order marks, of which some files begin with two. */
  private int behindMarks(int start) {
    int at = start;
    boolean isFirst = recordLine == 1 && fieldIndex == 0 && FileEncoding.mayHaveMark(format);
    while (isFirst && at >= 0 && window.isMark(at)) {
      at += 3;
    }
    return at;
  }

  /** What a quote is that stands behind other characters, the last of them at that place. */
  private FormFault misplaced(int at) {
    if (window.bytes[at] == '\\') {
      return FormFault.ESCAPED_OUTSIDE_QUOTES;
    }
    boolean isFormula = window.bytes[at] == '=' && window.isBlank(fieldStart, at);
    return isFormula ? FormFault.FORMULA : FormFault.QUOTE_INSIDE;
  }

  private int lineBreak(int at) {
    boolean pair = window.bytes[at] == '\r' && window.bytes[at + 1] == '\n';
    int next = pair ? at + 2 : at + 1;
    if (state == classes.quoted) {
      line++;
      return next;
    }
    LineEnd found = pair ? LineEnd.CRLF : window.bytes[at] == '\r' ? LineEnd.CR : LineEnd.LF;
    if (lineEnd == LineEnd.UNKNOWN) {
      lineEnd = found;
    }
    if (found == lineEnd) {
      endRecord(at, next);
      return next;
    }
    fault(FormFault.OTHER_LINE_END);
    if (pair && lineEnd == LineEnd.LF) {
      return at + 1;
    }
    // A lone CR is in the middle of a field more often than it ends a line.
    if (strict && found != LineEnd.CR) {
      endRecord(at, next);
    } else {
      line++;
    }
    return next;
  }

  private void startField(int at) {
    fieldStart = at;
    fieldLine = line;
    fieldIndex++;
    marked = false;
    state = classes.unquoted;
  }

  private void endField(int at) {
    if (fieldIndex >= told) {
      listener.field(window.bytes, window.kept(fieldStart, at), at, fieldIndex, line);
    }
  }

  private void endRecord(int at, int next) {
    endField(at);
    line++;
    recordEnd = window.offset(at);
    nextOffset = window.offset(next);
    listener.record(window.bytes, window.kept(recordStart, at), at, fieldIndex + 1, recordLine);
    told = 0;
    otherEscapeRefuted = false;
    startRecord(next);
  }

  private void startRecord(int at) {
    recordStart = at;
    recordOffset = window.offset(at);
    recordLine = line;
    startField(at);
    fieldIndex = 0;
    // The delimiter or the quote may be one of its characters, which makes no difference to COPY.
    if (endMark && window.isEndMark(at)) {
      fault(FormFault.END_MARK);
      state = classes.literal;
    }
  }

  /** Passes over a byte-order mark, behind which a quote begins a field nevertheless. */
  private void begin() {
    begun = true;
    position = FileEncoding.mayHaveMark(format) && window.isMark(0) ? 3 : 0;
    startRecord(position);
  }

  private void fault(FormFault fault) {
    listener.fault(fault, line, fieldLine);
  }

  /** Makes room in the window, but keeps the record, or the field, if it is not too long. */
  private void discard() {
    int from = Math.max(0, position - Window.AHEAD);
    if (fieldStart >= 0 && window.kept(fieldStart, position) >= 0) {
      from = fieldStart;
    }
    if (recordStart >= 0 && window.kept(recordStart, position) >= 0) {
      from = recordStart;
    }
    window.dropBefore(from);
    position -= from;
    fieldStart = Math.max(-1, fieldStart - from);
    recordStart = Math.max(-1, recordStart - from);
  }
}
