package s3topostgres.config;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;

/**
 * The certificate authorities of a database that is not Amazon's, read when they are first needed
 * and kept. A setting that ends in {@code .pem} is a file, in the package or in a layer; anything
 * else is the name of an SSM parameter. Not for use by two threads.
 */
public final class CaCertificate {
  private final Optional<String> setting;
  private final AwsHttp aws;
  private Optional<String> read = Optional.empty();

  public CaCertificate(DatabaseSettings settings, AwsHttp aws) {
    this.setting = settings.caCertificate();
    this.aws = aws;
  }

  /**
   * One or more certificates; empty when none are set.
   *
   * @throws LoadException {@code CONFIG_INVALID} when they cannot be read, or are none
   */
  public Optional<String> pem() {
    if (read.isEmpty()) {
      read = setting.map(this::read);
    }
    return read;
  }

  /** Has them read anew when they are next needed. */
  public void forget() {
    read = Optional.empty();
  }

  static boolean isFile(String setting) {
    return setting.endsWith(".pem");
  }

  private String read(String setting) {
    String pem =
        isFile(setting) ? file(setting) : new Parameter(setting, "DB_CA_CERTIFICATE").read(aws);
    if (!holdsCertificates(pem)) {
      throw invalid(
          "%s (DB_CA_CERTIFICATE) holds no certificate in PEM".formatted(setting),
          "Put the authority's certificate there, from -----BEGIN CERTIFICATE----- on.");
    }
    return pem;
  }

  private static String file(String path) {
    try {
      return Files.readString(Path.of(path), StandardCharsets.ISO_8859_1);
    } catch (IOException | RuntimeException e) {
      throw invalid(
          "the file %s (DB_CA_CERTIFICATE) cannot be read".formatted(path),
          "Put it into src/main/resources, and name it without a folder, or into a layer, and name"
              + " it as /opt/NAME.pem. A parameter's name must not end in .pem.");
    }
  }

  private static boolean holdsCertificates(String pem) {
    byte[] bytes = pem.getBytes(StandardCharsets.ISO_8859_1);
    try {
      return !CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(bytes))
          .isEmpty();
    } catch (CertificateException e) {
      return false;
    }
  }

  private static LoadException invalid(String why, String whatToDo) {
    return new LoadException(ErrorCode.CONFIG_INVALID, why, whatToDo);
  }
}
