package s3topostgres.config;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;

/**
 * Reads environment variables and collects every problem, so that the operator sees all of them at
 * once. An empty variable counts as not set; values are not trimmed. After a problem the readers
 * return a placeholder, so {@link #check} must be called before any value is used.
 */
final class Environment {
  /** The beginnings of names of settings; {@link #check} ignores other variables. */
  private static final Pattern OURS = Pattern.compile("(DB|S3|CSV|LOAD)_");

  private final Map<String, String> variables;
  private final SortedSet<String> known = new TreeSet<>();
  private final List<String> problems = new ArrayList<>();

  Environment(Map<String, String> variables) {
    this.variables = Map.copyOf(variables);
  }

  Optional<String> optional(String name) {
    known.add(name);
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }

  String required(String name) {
    return optional(name)
        .orElseGet(
            () -> {
              problem(name + " is not set");
              return "";
            });
  }

  int integer(String name, int standard, int least, int most) {
    Optional<String> value = optional(name);
    try {
      int number = value.map(Integer::parseInt).orElse(standard);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, with the same words as a number out of range.
    }
    problem(
        "%s is \"%s\"; it takes a whole number from %d to %d"
            .formatted(name, value.orElseThrow(), least, most));
    return standard;
  }

  /** Reads one of {@code allowed}, in exactly that spelling; the first is the default. */
  String choice(String name, List<String> allowed) {
    String value = optional(name).orElse(allowed.get(0));
    if (!allowed.contains(value)) {
      problem("%s is \"%s\"; it takes %s".formatted(name, value, String.join(", ", allowed)));
      return allowed.get(0);
    }
    return value;
  }

  void problem(String problem) {
    problems.add(problem);
  }

  /** The names of the variables that were read so far. */
  SortedSet<String> known() {
    return Collections.unmodifiableSortedSet(known);
  }

  /**
   * Finds the setting that a misspelt name stands for. In {@code DB_} and four letters, two other
   * letters are another word. The deployment's check has the same limits.
   */
  static Optional<String> resembled(String name, SortedSet<String> settings) {
    return Spelling.nearest(name, settings, name.length() < 8 ? 1 : 2);
  }

  /**
   * Reports the problems after everything was read.
   *
   * @throws LoadException {@code CONFIG_INVALID} with every problem; a variable that begins like a
   *     setting and looks misspelt is a problem, too
   */
  void check() {
    variables.keySet().stream()
        .filter(name -> !known.contains(name) && OURS.matcher(name).lookingAt())
        .sorted()
        .forEach(
            name ->
                resembled(name, known)
                    .ifPresent(
                        meant ->
                            problem(
                                "%s is not a setting; did you mean %s?".formatted(name, meant))));
    if (!problems.isEmpty()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "the function's settings have "
              + (problems.size() == 1 ? "a problem" : problems.size() + " problems")
              + problems.stream().map(problem -> "\n- " + problem).collect(joining())
              + "\nNothing was loaded",
          "Correct the environment variables and deploy again.");
    }
  }
}
