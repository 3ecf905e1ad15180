package s3topostgres.config;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The value of {@code DB_TABLE_NAME}: a name as in SQL. A placeholder such as {@code {table}}
 * stands for an identifier from the object key.
 *
 * @param setting the value as it was written
 * @param identifiers of the schema, if there is one, and the table; empty for a name without
 *     placeholders, which the database parses itself
 */
public record TableName(String setting, List<Identifier> identifiers) {
  private static final Pattern PART =
      Pattern.compile("\\{([^{}]*)}|\"((?:[^\"]|\"\")+)\"|([\\p{L}_][\\p{L}\\p{N}_$]*)");
  private static final Pattern NO_LETTER_OR_DIGIT = Pattern.compile("[^\\p{L}\\p{N}]+");

  /**
   * A part of the name.
   *
   * @param text the identifier itself, or the placeholder's name in {@code S3_KEY_PATTERN}
   */
  public record Identifier(String text, boolean fromObjectKey) {

    /** The names that the identifier may have in the catalogue, the preferred first. */
    List<String> candidates(Map<String, String> values) {
      if (!fromObjectKey) {
        return List.of(text);
      }
      String value = values.get(text);
      // A Mac decomposes letters with accents in the names of files.
      String composed = Normalizer.normalize(value, Normalizer.Form.NFC);
      String lower = composed.toLowerCase(Locale.ROOT);
      return Stream.of(value, composed, lower, NO_LETTER_OR_DIGIT.matcher(lower).replaceAll("_"))
          .distinct()
          .toList();
    }
  }

  static TableName read(Environment environment, ObjectKeyPattern keys) {
    String setting = environment.required("DB_TABLE_NAME");
    TableName table = new TableName(setting, setting.contains("{") ? parse(setting) : List.of());
    if (setting.contains("{") && table.identifiers.isEmpty()) {
      environment.problem(
          "DB_TABLE_NAME is \"%s\"; a name from S3_KEY_PATTERN stands for a whole identifier, as in"
                  .formatted(setting)
              + " {schema}.{table} or staging.{table}");
      return table;
    }
    Set<String> used =
        table.identifiers.stream()
            .filter(Identifier::fromObjectKey)
            .map(Identifier::text)
            .collect(Collectors.toCollection(TreeSet::new));
    if (!used.equals(Set.copyOf(keys.names()))) {
      environment.problem(
          "S3_KEY_PATTERN has the names %s, and DB_TABLE_NAME has %s; they have to be the same"
              .formatted(new TreeSet<>(keys.names()), used));
    }
    return table;
  }

  /** Parses one or two identifiers with a dot between them; empty when it is something else. */
  private static List<Identifier> parse(String setting) {
    List<Identifier> identifiers = new ArrayList<>();
    Matcher part = PART.matcher(setting);
    int position = 0;
    while (part.find(position) && part.start() == position) {
      identifiers.add(
          part.group(1) != null
              ? new Identifier(part.group(1), true)
              : new Identifier(
                  part.group(2) != null
                      ? part.group(2).replace("\"\"", "\"")
                      : ColumnNames.lowerCase(part.group(3)),
                  false));
      position = part.end();
      if (position == setting.length()) {
        return identifiers.size() <= 2 ? List.copyOf(identifiers) : List.of();
      }
      if (setting.charAt(position++) != '.') {
        return List.of();
      }
    }
    return List.of();
  }

  /** Whether the name has placeholders, so that the object key decides on the table. */
  public boolean dependsOnObjectKey() {
    return !identifiers.isEmpty();
  }

  /** The identifiers as written in the setting; empty in the place of a placeholder. */
  public List<Optional<String>> written() {
    return identifiers.stream()
        .map(identifier -> Optional.of(identifier.text).filter(text -> !identifier.fromObjectKey))
        .toList();
  }

  /**
   * Lists for each identifier the names that it may have in the catalogue, the preferred first.
   *
   * @param values of the placeholders, by name
   */
  public List<List<String>> candidates(Map<String, String> values) {
    return identifiers.stream().map(identifier -> identifier.candidates(values)).toList();
  }

  /**
   * Returns for each identifier the last of its {@link #candidates}, which is the same for all
   * spellings of a table in object keys.
   */
  public List<String> loosest(Map<String, String> values) {
    return candidates(values).stream().map(names -> names.get(names.size() - 1)).toList();
  }
}
