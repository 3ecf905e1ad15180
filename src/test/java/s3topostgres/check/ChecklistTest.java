package s3topostgres.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static s3topostgres.check.CheckResult.Outcome.FAILED;
import static s3topostgres.check.CheckResult.Outcome.NOT_CHECKED;
import static s3topostgres.check.CheckResult.Outcome.OK;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import s3topostgres.postgres.Deadline;

class ChecklistTest {
  private final Checklist list = new Checklist(Deadline.in(Duration.ofSeconds(60)));

  @Test
  void givesUpAnItemThatHangsAndChecksTheOthers() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    list.ok(Item.SETTINGS, "read");

    list.check(
        Item.NAME,
        () -> {
          try {
            Thread.sleep(Long.MAX_VALUE);
          } catch (InterruptedException e) {
            interrupted.countDown();
          }
          return "too late";
        });
    list.check(Item.TCP, () -> "open");
    list.check(Item.BUCKET, () -> "read");
    list.check(Item.NOTIFICATIONS, () -> "named");
    list.check(Item.RESULTS, () -> "put");
    list.check(
        Item.PARAMETERS,
        () -> {
          throw new IllegalStateException("a secret");
        });

    assertThat(list.results())
        .extracting(CheckResult::item, CheckResult::outcome, CheckResult::what)
        .startsWith(
            tuple(Item.SETTINGS, OK, "read"),
            tuple(Item.NAME, FAILED, "no answer within 5 s"),
            tuple(Item.TCP, NOT_CHECKED, "needs: name resolution"),
            tuple(Item.BUCKET, OK, "read"),
            tuple(Item.NOTIFICATIONS, OK, "named"),
            tuple(Item.RESULTS, OK, "put"),
            tuple(
                Item.PARAMETERS,
                FAILED,
                "the check itself failed (java.lang.IllegalStateException)"),
            tuple(Item.TLS, NOT_CHECKED, "needs: TCP"),
            tuple(Item.LOGIN, NOT_CHECKED, "needs: TLS"),
            tuple(Item.TABLE, NOT_CHECKED, "needs: login"))
        .endsWith(tuple(Item.LIMITS, NOT_CHECKED, "needs: table and privileges"))
        .hasSize(Item.values().length);
    interrupted.await();
  }
}
