package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import s3topostgres.config.CsvFormat;

/** The words for faults, and what to do about them; never a value of the file. */
final class FaultWords {
  private final CsvFormat format;

  FaultWords(CsvFormat format) {
    this.format = format;
  }

  /**
   * Says what is wrong with a line.
   *
   * @param line of the fault
   * @param fieldLine on which its field begins
   * @return one clause without a full stop
   */
  String reason(FormFault fault, long line, long fieldLine) {
    return switch (fault) {
      case QUOTE_INSIDE -> "a quote inside a field that does not begin with one";
      case ESCAPED_OUTSIDE_QUOTES ->
          "a quote behind a backslash, in a field that does not begin with a quote";
      case FORMULA -> "a value written as a formula, =\"...\"";
      case TEXT_AFTER_QUOTE ->
          "text behind the quote that closes a field"
              + (fieldLine < line ? " (the field begins on line %d)".formatted(fieldLine) : "");
      case NEVER_CLOSED -> "a quote that is never closed";
      case BLANK_LINE -> "the line is blank";
      case NOT_IN_ENCODING -> "bytes that are not " + format.encoding();
      case NUL_BYTE -> "a NUL byte, which Postgres does not accept";
      case CTRL_Z -> "only a Ctrl-Z, with which old programs end a file";
      case OTHER_LINE_END -> "the line ends differently from the lines before it (LF, CR or both)";
      case END_MARK -> "only \\., at which this version of Postgres would end the file";
      case STAND_IN -> "the control character " + standIn();
      case NULL_MARK -> "\\N, which would be a text";
      case RELATIVE_DATE -> "a word for the day of the load (now, today, tomorrow, yesterday)";
      case DOTTED_DATE -> "a date with dots, whose month would be read first";
      case OPPOSITE_OFFSET ->
          "an offset such as GMT+0100, which would be a hundred hours behind GMT";
      case TOO_MANY_FIELDS, TOO_FEW_FIELDS -> throw new IllegalArgumentException(fault.name());
    };
  }

  /** Says that a line has another number of fields than expected. */
  static String reason(int fields, int expected) {
    return "%d %s instead of %d".formatted(fields, fields == 1 ? "field" : "fields", expected);
  }

  /**
   * Says what to do about all faults of a file.
   *
   * @return whole sentences
   */
  String whatToDo(Set<FormFault> faults, Remedies remedies) {
    List<String> sentences = new ArrayList<>();
    if (faults.stream().anyMatch(FormFault::isOfQuotes)) {
      sentences.add(aboutQuotes(faults, remedies));
    }
    for (FormFault fault : faults) {
      String advice = advice(fault);
      if (!advice.isEmpty() && !sentences.contains(advice)) {
        sentences.add(advice);
      }
    }
    sentences.add("Correct the file and upload it again; the old rows are still there.");
    return String.join(" ", sentences);
  }

  private String aboutQuotes(Set<FormFault> faults, Remedies remedies) {
    boolean doubled = format.escape() == format.quote();
    if (remedies.isOtherEscape()) {
      return doubled
          ? "The quotes of this file are right with CSV_ESCAPE=\\: the operator sets it."
          : "The quotes of this file are right without CSV_ESCAPE: the operator removes it.";
    }
    if (faults.contains(FormFault.NEVER_CLOSED) && faults.size() == 1) {
      return "Close the quote, or send the whole file if it was cut off.";
    }
    String written = doubled ? "double it" : "write %c before it".formatted(format.escape());
    if (remedies.isNoQuote() && !faults.contains(FormFault.FORMULA)) {
      return "Put a field with a quote into quotes, and %s inside; or, as no field of this file is in quotes, the operator sets CSV_QUOTE=none."
          .formatted(written);
    }
    return "No setting reads these lines as they are: put a field with a quote into quotes, and %s inside."
        .formatted(written);
  }

  private String advice(FormFault fault) {
    return switch (fault) {
      case QUOTE_INSIDE, ESCAPED_OUTSIDE_QUOTES, TEXT_AFTER_QUOTE, NEVER_CLOSED -> "";
      case FORMULA -> "Write a value without = before it.";
      case TOO_MANY_FIELDS, TOO_FEW_FIELDS ->
          format.isQuoted()
              ? "Put a field with the delimiter (%s) or a line break into quotes."
                  .formatted(delimiter())
              : "With CSV_QUOTE=none, no field can have the delimiter (%s) or a line break."
                  .formatted(delimiter());
      case BLANK_LINE -> "Delete blank lines.";
      case NOT_IN_ENCODING ->
          "Save the file as %s, or the operator sets CSV_ENCODING to what it is in, such as %s."
              .formatted(isUtf8() ? "UTF-8" : format.encoding(), isUtf8() ? "WIN1252" : "UTF8");
      case NUL_BYTE -> "Leave out NUL bytes; bcp writes an empty text so.";
      case CTRL_Z -> "Delete the line with the Ctrl-Z.";
      case OTHER_LINE_END ->
          "End all lines alike"
              + (format.isQuoted() ? ", and put a field with a line break into quotes." : ".");
      case END_MARK -> "Delete the line \\., or put it into quotes if it is a value.";
      case STAND_IN ->
          "With CSV_QUOTE=none, a file cannot have the character %s.".formatted(standIn());
      case NULL_MARK -> "If \\N means a missing value, the operator sets CSV_NULL=\\N.";
      case RELATIVE_DATE -> "Write the date itself, such as 2024-12-31.";
      case DOTTED_DATE ->
          "Write dates such as 2024-12-31, or the operator sets CSV_DATE_ORDER=dmy (mdy if the month does come first).";
      case OPPOSITE_OFFSET -> "Write an offset alone, such as +01:00.";
    };
  }

  private String delimiter() {
    return switch (format.delimiter()) {
      case '\t' -> "tab";
      case ' ' -> "space";
      default -> shown(format.delimiter());
    };
  }

  private boolean isUtf8() {
    return format.charset().equals(UTF_8);
  }

  private String standIn() {
    return shown(format.quote());
  }

  private static String shown(char c) {
    return Character.isISOControl(c) ? "U+%04X".formatted((int) c) : String.valueOf(c);
  }
}
