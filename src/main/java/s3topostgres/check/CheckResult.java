package s3topostgres.check;

/**
 * The result of checking one thing that a load needs.
 *
 * @param what was found; never a secret
 * @param whatToDo empty when there is nothing to do
 */
public record CheckResult(Item item, Outcome outcome, String what, String whatToDo) {

  /** How a check ended. */
  public enum Outcome {
    /** The load can use it. */
    OK("ok"),
    /** The item is missing, or the load cannot use it. */
    FAILED("failed"),
    /** The item is not in use, or one that it needs failed. */
    NOT_CHECKED("not checked");

    private final String label;

    Outcome(String label) {
      this.label = label;
    }

    /** The outcome for people: {@code not checked}. */
    public String label() {
      return label;
    }
  }
}
