package s3topostgres.handler;

/** Placeholder. */
public final class CatchUpHandler {
  private CatchUpHandler() {}
}
