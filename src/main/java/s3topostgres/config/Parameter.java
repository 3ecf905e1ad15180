package s3topostgres.config;

import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.SsmException;

/** A parameter of AWS Systems Manager, read at run time. */
final class Parameter {
  private Parameter() {}

  /**
   * The value, decrypted.
   *
   * @param setting the variable that holds the name, for messages
   * @throws LoadException {@code CONFIG_INVALID} when it cannot be read
   */
  static String read(String name, String setting) {
    try (SsmClient ssm =
        SsmClient.builder().httpClientBuilder(UrlConnectionHttpClient.builder()).build()) {
      return ssm.getParameter(request -> request.name(name).withDecryption(true))
          .parameter()
          .value();
    } catch (SdkException e) {
      throw new LoadException(
          ErrorCode.CONFIG_INVALID,
          "the parameter %s (%s) cannot be read: %s".formatted(name, setting, reason(e)),
          e instanceof SsmException
              ? "Check its name and region, and that the function's role may read and decrypt it."
              : "Give the function's subnets an interface endpoint for Systems Manager (ssm), which"
                  + " lets the function's security group in on port 443, or a NAT gateway.");
    }
  }

  private static String reason(SdkException e) {
    return e instanceof SsmException refused
        ? "AWS answered %s (HTTP %d)"
            .formatted(refused.awsErrorDetails().errorCode(), refused.statusCode())
        : "AWS Systems Manager did not answer";
  }
}
