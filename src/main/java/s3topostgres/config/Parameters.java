package s3topostgres.config;

import java.io.UncheckedIOException;
import java.time.Duration;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ssm.SsmClient;

/**
 * Reads parameters of AWS Systems Manager. The SDK finds region, credentials and endpoint, and
 * retries temporary errors such as throttling.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html">GetParameter</a>
 */
public final class Parameters {
  private final SsmClient ssm;

  public Parameters(SsmClient ssm) {
    this.ssm = ssm;
  }

  /** Makes a client that is configured by AWS's own environment variables. */
  public static Parameters connect() {
    return new Parameters(AwsCalls.limited(SsmClient.builder()).build());
  }

  /**
   * Reads and decrypts the value of a parameter.
   *
   * @param setting the variable that holds the parameter's name, for messages
   * @param limit for all attempts together
   * @throws LoadException {@code CONFIG_INVALID} when AWS refuses it; {@code DATABASE_UNAVAILABLE}
   *     when AWS does not answer, or has an error of its own
   */
  String read(String name, String setting, Duration limit) {
    try {
      return ssm.getParameter(
              request ->
                  request
                      .name(name)
                      .withDecryption(true)
                      .overrideConfiguration(call -> call.apiCallTimeout(AwsCalls.within(limit))))
          .parameter()
          .value();
    } catch (AwsServiceException e) {
      String answer =
          "AWS answered %s (HTTP %d)".formatted(e.awsErrorDetails().errorCode(), e.statusCode());
      throw e.isThrottlingException() || e.statusCode() >= 500
          ? unreadable(ErrorCode.DATABASE_UNAVAILABLE, name, setting, answer, Retry.BY_ITSELF)
          : unreadable(
              ErrorCode.CONFIG_INVALID,
              name,
              setting,
              answer,
              "Check its name and region, and that the function's role may read and decrypt it.");
    } catch (SdkException | UncheckedIOException e) {
      throw unreadable(
          ErrorCode.DATABASE_UNAVAILABLE,
          name,
          setting,
          "AWS Systems Manager did not answer",
          "Give the function's subnets an interface endpoint for Systems Manager (ssm) that lets the"
              + " function's security group in on port 443, or a NAT gateway.");
    }
  }

  private static LoadException unreadable(
      ErrorCode code, String name, String setting, String reason, String whatToDo) {
    return code.failure(
        "the parameter %s (%s) cannot be read: %s".formatted(name, setting, reason), whatToDo);
  }
}
