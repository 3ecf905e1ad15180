package s3topostgres.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The bundle of RDS' certificate authorities that is in the package. */
class TrustedAuthoritiesTest {
  private static final Pattern REGION = Pattern.compile("CN=Amazon RDS (?:Preview )?(\\S+) ");

  /**
   * A database can have the newest root of its region, and is told by AWS to take it before the
   * others end. So it is the newest that must not end unnoticed; the README says how to refresh the
   * bundle.
   */
  @Test
  void knowsAnAuthorityOfEveryRegionForAnotherMonth() throws Exception {
    Instant inAMonth = Instant.now().plus(Duration.ofDays(31));

    Map<String, Instant> newest = new TreeMap<>();
    for (X509Certificate authority : TrustedAuthorities.rdsAuthorities()) {
      newest.merge(
          region(authority), authority.getNotAfter().toInstant(), TrustedAuthoritiesTest::later);
    }

    assertThat(newest)
        .hasSizeGreaterThan(25)
        .containsKeys("us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1", "me-central-1")
        .allSatisfy((region, end) -> assertThat(end).isAfter(inAMonth));
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private static String region(X509Certificate authority) {
    Matcher matcher = REGION.matcher(authority.getSubjectX500Principal().toString());
    assertThat(matcher.find()).as(authority.getSubjectX500Principal().toString()).isTrue();
    return matcher.group(1);
  }
}
