package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The bundle of RDS' certificate authorities that is in the package. */
class CaCertificateTest {
  private static final Pattern REGION = Pattern.compile("CN=Amazon RDS (?:Preview )?(\\S+) ");

  /**
   * A database can have the newest root of its region, and is told by AWS to take it before the
   * others end. So it is the newest that must not end unnoticed; settings.md says how to refresh
   * the bundle.
   */
  @Test
  void knowsAnAuthorityOfEveryRegionForAnotherMonth() throws Exception {
    Instant inAMonth = Instant.now().plus(Duration.ofDays(31));

    Map<String, Instant> newest = new TreeMap<>();
    for (X509Certificate authority : authorities()) {
      region(authority)
          .ifPresent(
              region ->
                  newest.merge(
                      region, authority.getNotAfter().toInstant(), CaCertificateTest::later));
    }

    assertThat(newest)
        .hasSizeGreaterThan(25)
        .containsKeys("us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1", "me-central-1")
        .allSatisfy((region, end) -> assertThat(end).isAfter(inAMonth));
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  /** RDS Proxy's certificates chain to these. */
  @Test
  void knowsAmazonsRootsForAnotherMonth() throws Exception {
    Instant inAMonth = Instant.now().plus(Duration.ofDays(31));

    assertThat(authorities())
        .filteredOn(authority -> region(authority).isEmpty())
        .extracting(authority -> authority.getSubjectX500Principal().toString())
        .satisfiesExactlyInAnyOrder(
            name -> assertThat(name).startsWith("CN=Amazon Root CA 1,"),
            name -> assertThat(name).startsWith("CN=Amazon Root CA 2,"),
            name -> assertThat(name).startsWith("CN=Amazon Root CA 3,"),
            name -> assertThat(name).startsWith("CN=Amazon Root CA 4,"),
            name -> assertThat(name).startsWith("CN=Starfield Services Root"));
    assertThat(authorities())
        .filteredOn(authority -> region(authority).isEmpty())
        .allMatch(authority -> authority.getNotAfter().toInstant().isAfter(inAMonth));
  }

  private static List<X509Certificate> authorities() throws Exception {
    try (InputStream bundle = CaCertificateTest.class.getResourceAsStream(CaCertificate.AMAZON)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(bundle).stream()
          .map(X509Certificate.class::cast)
          .toList();
    }
  }

  /** The region of RDS whose authority it is; empty for Amazon's roots. */
  private static Optional<String> region(X509Certificate authority) {
    Matcher matcher = REGION.matcher(authority.getSubjectX500Principal().toString());
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
