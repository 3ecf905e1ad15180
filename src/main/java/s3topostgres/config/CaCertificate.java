package s3topostgres.config;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * The certificate authorities that may have issued the database's certificate: those of {@code
 * DB_CA_CERTIFICATE}, or else Amazon's, which are in the package. A setting that ends in {@code
 * .pem} is a file in the package or in a layer; anything else is the name of an SSM parameter,
 * which is read once. Not thread-safe.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html">Certificate
 *     bundles</a>
 */
public final class CaCertificate {
  /** The authorities of RDS in all regions, and Amazon's roots for RDS Proxy. */
  static final String AMAZON = "/amazon-authorities.pem";

  private final Optional<String> setting;
  private final Parameters parameters;
  private Optional<Path> file = Optional.empty();

  public CaCertificate(DatabaseSettings settings, Parameters parameters) {
    this.setting = settings.caCertificate();
    this.parameters = parameters;
  }

  /**
   * Returns a file with one or more certificates in PEM, which the driver reads.
   *
   * @param limit for reading the parameter
   * @throws LoadException {@code CONFIG_INVALID} when it cannot be read or holds no certificate;
   *     {@code DATABASE_UNAVAILABLE} when Systems Manager does not answer
   */
  public Path file(Duration limit) {
    if (file.isEmpty()) {
      file = Optional.of(setting.map(name -> file(name, limit)).orElseGet(CaCertificate::amazon));
    }
    return file.get();
  }

  static boolean isFile(String setting) {
    return setting.endsWith(".pem");
  }

  private Path file(String setting, Duration limit) {
    byte[] pem =
        isFile(setting)
            ? content(setting)
            : parameters
                .read(setting, "DB_CA_CERTIFICATE", limit)
                .getBytes(StandardCharsets.ISO_8859_1);
    if (!holdsCertificates(pem)) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "%s (DB_CA_CERTIFICATE) holds no certificate in PEM".formatted(setting),
          "Put the authority's certificate there, from -----BEGIN CERTIFICATE----- on.");
    }
    return isFile(setting) ? Path.of(setting) : temporary(pem);
  }

  private static Path amazon() {
    try {
      return Path.of(CaCertificate.class.getResource(AMAZON).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("The package's certificates cannot be read", e);
    }
  }

  private static byte[] content(String path) {
    try {
      return Files.readAllBytes(Path.of(path));
    } catch (IOException | RuntimeException e) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "the file %s (DB_CA_CERTIFICATE) cannot be read".formatted(path),
          "Put it into src/main/resources, and name it without a folder, or into a layer, and name"
              + " it as /opt/NAME.pem. A parameter's name must not end in .pem.");
    }
  }

  /** Writes the certificates to a file that is removed when the process ends. */
  private static Path temporary(byte[] pem) {
    try {
      Path file = Files.createTempFile("authority", ".pem");
      file.toFile().deleteOnExit();
      return Files.write(file, pem);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean holdsCertificates(byte[] pem) {
    try {
      return !CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem))
          .isEmpty();
    } catch (CertificateException e) {
      return false;
    }
  }
}
