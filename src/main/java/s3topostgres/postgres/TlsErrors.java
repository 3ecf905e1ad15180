package s3topostgres.postgres;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * Explains why a TLS connection to the database failed. It relies on the types of the JVM's
 * exceptions, because their texts differ from version to version.
 */
final class TlsErrors {
  private TlsErrors() {}

  /**
   * Translates an error of TLS.
   *
   * @param where the database's host and port
   */
  static LoadException translate(Throwable e, String where) {
    List<Throwable> causes =
        Stream.iterate(e, Objects::nonNull, Throwable::getCause).limit(20).toList();
    if (causes.stream().anyMatch(TlsErrors::isOutOfDate)) {
      return ErrorCode.DATABASE_REFUSED.failure(
          "the TLS certificate of " + where + " has expired, or is not valid yet",
          "Renew the database's certificate; on RDS, choose a certificate authority that is valid.");
    }
    if (causes.stream().anyMatch(CertPathBuilderException.class::isInstance)) {
      return ErrorCode.DATABASE_REFUSED.failure(
          "the TLS certificate of " + where + " was issued by an unknown authority",
          "Put that authority's certificate into DB_CA_CERTIFICATE. Without this setting only Amazon's"
              + " authorities are known.");
    }
    if (isForAnotherName(e)) {
      return ErrorCode.DATABASE_REFUSED.failure(
          "the TLS certificate of " + where + " is for another name",
          "Set DB_HOST to a name that is in the certificate; RDS has the endpoint's own name there."
              + " With DB_SSL_MODE=verify-ca the name is not checked.");
    }
    return ErrorCode.DATABASE_REFUSED.failure(
        "no TLS connection could be made with " + where,
        "Check that the database supports TLS 1.2 or later.");
  }

  /**
   * Whether the driver found another host name in the certificate. Its message names the verifier's
   * class in every language.
   */
  static boolean isForAnotherName(Throwable e) {
    return String.valueOf(e.getMessage()).contains("PgjdbcHostnameVerifier");
  }

  private static boolean isOutOfDate(Throwable e) {
    return e instanceof CertificateExpiredException
        || e instanceof CertificateNotYetValidException
        || (e instanceof CertPathValidatorException invalid
            && (invalid.getReason() == BasicReason.EXPIRED
                || invalid.getReason() == BasicReason.NOT_YET_VALID));
  }
}
