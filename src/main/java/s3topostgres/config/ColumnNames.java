package s3topostgres.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a comma-separated list of column names, written as in SQL. Names without double quotes are
 * folded to lower case.
 *
 * @see <a
 *     href="https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS">Identifiers</a>
 */
final class ColumnNames {
  private static final Pattern NAME =
      Pattern.compile("\\s*(?:\"((?:[^\"]|\"\")+)\"|([\\p{L}_][\\p{L}\\p{N}_$]*))\\s*(,|$)");

  private ColumnNames() {}

  /** The names in their order; empty when the setting is not set. */
  static Optional<List<String>> read(Environment environment, String setting) {
    return environment.optional(setting).map(value -> parse(environment, setting, value));
  }

  private static List<String> parse(Environment environment, String setting, String value) {
    List<String> names = new ArrayList<>();
    Matcher name = NAME.matcher(value);
    String end = ",";
    while (end.equals(",") && name.lookingAt()) {
      names.add(
          name.group(1) == null ? lowerCase(name.group(2)) : name.group(1).replace("\"\"", "\""));
      end = name.group(3);
      name.region(name.end(), value.length());
    }
    if (end.equals(",")) {
      environment.problem(
          "%s is \"%s\"; it takes names of columns with commas between them, written as in SQL"
              .formatted(setting, value));
    } else if (names.stream().distinct().count() < names.size()) {
      environment.problem("%s is \"%s\", which names a column twice".formatted(setting, value));
    }
    return List.copyOf(names);
  }

  /** Folds a name to lower case as Postgres does in UTF-8: ASCII letters only. */
  static String lowerCase(String name) {
    return name.chars()
        .map(c -> c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
