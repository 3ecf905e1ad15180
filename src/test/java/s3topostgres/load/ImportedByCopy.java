package s3topostgres.load;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs the tests that a class inherits with {@code IMPORT_WITH=copy}, except those with the tag
 * {@code aws_s3}, which are about that extension.
 */
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ImportedByCopy.Way.class)
public @interface ImportedByCopy {

  /** Tells the fixture. */
  final class Way implements BeforeAllCallback, AfterAllCallback, ExecutionCondition {
    @Override
    public void beforeAll(ExtensionContext context) {
      LoadFixture.importWith("copy");
    }

    @Override
    public void afterAll(ExtensionContext context) {
      LoadFixture.importWith("aws_s3");
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return context.getTags().contains("aws_s3")
          ? ConditionEvaluationResult.disabled("about aws_s3")
          : ConditionEvaluationResult.enabled("about any import");
    }
  }
}
