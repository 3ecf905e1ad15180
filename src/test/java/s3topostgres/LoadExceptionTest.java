package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LoadExceptionTest {
  private final LoadException failure =
      new LoadException(ErrorCode.ROW_REJECTED, "not a valid date", "Correct it.");

  @Test
  void saysWhatWhereWhyAndWhatToDo() {
    assertThat(failure.at(OptionalLong.of(3), Optional.of("born")).about("s3://in/p.csv"))
        .hasMessage(
            "ROW_REJECTED: s3://in/p.csv, line 3, column born: not a valid date. Correct it.");
  }

  @Test
  void leavesOutWhatIsNotKnown() {
    assertThat(failure).hasMessage("ROW_REJECTED: not a valid date. Correct it.");
    assertThat(failure.about("s3://in/p.csv"))
        .hasMessage("ROW_REJECTED: s3://in/p.csv: not a valid date. Correct it.");
    assertThat(failure.at(OptionalLong.empty(), Optional.of("born")))
        .hasMessage("ROW_REJECTED: column born: not a valid date. Correct it.");
  }

  @Test
  void keepsItsOriginWhenMoreBecomesKnown() {
    failure.addSuppressed(new IllegalStateException("other"));

    LoadException complete = failure.sqlState("22007").about("s3://in/p.csv");

    assertThat(complete.getStackTrace()).isEqualTo(failure.getStackTrace());
    assertThat(complete.getSuppressed()).isEqualTo(failure.getSuppressed());
    assertThat(complete.sqlState()).contains("22007");
    assertThat(complete.code()).isEqualTo(ErrorCode.ROW_REJECTED);
  }
}
