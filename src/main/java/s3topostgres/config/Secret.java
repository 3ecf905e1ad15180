package s3topostgres.config;

import java.util.Objects;

/** A value that must not be logged: {@code toString} returns {@code [REDACTED]}. */
public final class Secret {
  private final String value;

  public Secret(String value) {
    this.value = Objects.requireNonNull(value);
  }

  /** Returns the value itself. */
  public String reveal() {
    return value;
  }

  @Override
  public String toString() {
    return "[REDACTED]";
  }
}
