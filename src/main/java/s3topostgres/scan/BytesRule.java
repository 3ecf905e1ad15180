package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.regex.Pattern;

/** Looks for bytes that are written in another way than Postgres reads them. */
final class BytesRule implements FieldRule {
  private static final String AS_TEXT =
      "Bytes written in hexadecimal without \\x, or in base64, are loaded as the codes of these"
          + " letters. Write \\x and two hexadecimal digits for each byte.";
  private static final String ESCAPED =
      "Bytes such as \\x00AB were read as hexadecimal throughout, but other values of the column are"
          + " not hexadecimal: DuckDB writes the letters A and B so. Write '\\x' || hex(...).";

  private static final Pattern ENCODED =
      Pattern.compile(
          "(0[xX])?([0-9A-Fa-f]{2})+|([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}[A-Za-z0-9+/=]=)?");

  private final ColumnFindings findings;

  /** Whether the column has values that can only be meant as texts. */
  private boolean hasTexts;

  /** Whether the column has values with Postgres' own escapes, such as {@code \\000}. */
  private boolean hasEscapes;

  BytesRule(ColumnFindings findings) {
    this.findings = findings;
  }

  @Override
  public void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line) {
    if (to - from > 1 && bytes[from] == '\\' && bytes[from + 1] == 'x') {
      findings.warn(ESCAPED, line);
      return;
    }
    hasEscapes |= marked && new String(bytes, from, to - from, ISO_8859_1).contains("\\");
    if (!hasTexts && to > from) {
      hasTexts = !ENCODED.matcher(new String(bytes, from, to - from, ISO_8859_1)).matches();
      findings.warn(AS_TEXT, line);
    }
  }

  @Override
  public void end() {
    if (hasTexts) {
      findings.withdraw(AS_TEXT);
    }
    if (!hasTexts || hasEscapes) {
      findings.withdraw(ESCAPED);
    }
  }
}
