package s3topostgres.csv;

import static java.util.concurrent.CompletableFuture.supplyAsync;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;

/** Requests to S3 about many objects, some at a time, during a transaction. */
public final class ObjectRequests {
  /** How many answers are waited for, and held in memory. */
  private static final int AT_A_TIME = 16;

  private ObjectRequests() {}

  /**
   * Takes the answer about an object.
   *
   * @param <T> what tells the object
   * @param <A> what S3 answers
   */
  @FunctionalInterface
  public interface Answers<T, A> {
    /**
     * @param answer waits, and throws what the request failed with
     * @return false if no more answers are wanted
     */
    boolean take(T object, Supplier<A> answer) throws SQLException;
  }

  /**
   * Makes the requests, and keeps the session's transaction open meanwhile.
   *
   * @param answers takes them in the order of the objects
   */
  public static <T, A> void each(
      Session session, List<T> objects, Function<T, A> request, Answers<T, A> answers)
      throws SQLException {
    ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      for (int from = 0; from < objects.size(); from += AT_A_TIME) {
        session.execute(FileSet.KEEP_OPEN);
        List<T> some = objects.subList(from, Math.min(from + AT_A_TIME, objects.size()));
        List<CompletableFuture<A>> asked =
            some.stream().map(one -> supplyAsync(() -> request.apply(one), threads)).toList();
        for (int i = 0; i < some.size(); i++) {
          CompletableFuture<A> answer = asked.get(i);
          if (!answers.take(some.get(i), () -> answer(answer))) {
            return;
          }
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static <A> A answer(CompletableFuture<A> asked) {
    try {
      return asked.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof LoadException failure ? failure : e;
    }
  }
}
