package s3topostgres.check;

/**
 * One thing that a load needs.
 *
 * @param item the thing
 * @param what we found; never a secret
 * @param whatToDo empty when there is nothing to do
 */
public record Check(Item item, Result result, String what, String whatToDo) {

  /** How a check ended. */
  public enum Result {
    /** It is there. */
    OK("ok"),
    /** It is not, or not as it has to be. */
    FAILED("failed"),
    /** It is not in use, or what it depends on failed. */
    NOT_CHECKED("not checked");

    private final String label;

    Result(String label) {
      this.label = label;
    }

    /** For people. */
    public String label() {
      return label;
    }
  }
}
