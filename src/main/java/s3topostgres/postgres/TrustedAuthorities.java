package s3topostgres.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.postgresql.ssl.WrappedFactory;

/**
 * The certificate authorities that a database's certificate may come from: those of Amazon RDS,
 * whose bundle is in the package, and the JVM's own, which RDS Proxy's certificates chain to. The
 * driver makes one of these by its name; host names are checked by the driver.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html">Certificate
 *     bundles</a>
 */
public final class TrustedAuthorities extends WrappedFactory {
  private static final String BUNDLE = "/rds-global-bundle.pem";

  /**
   * @param properties the connection's; unused, but the driver looks for this constructor
   * @throws GeneralSecurityException when this JVM has no TLS
   */
  public TrustedAuthorities(Properties properties) throws GeneralSecurityException, IOException {
    KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
    authorities.load(null, null);
    for (X509Certificate authority : jvmAuthorities().getAcceptedIssuers()) {
      add(authorities, authority);
    }
    try (InputStream bundle = TrustedAuthorities.class.getResourceAsStream(BUNDLE)) {
      for (Certificate authority :
          CertificateFactory.getInstance("X.509").generateCertificates(bundle)) {
        add(authorities, authority);
      }
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {trustManager(authorities)}, null);
    factory = context.getSocketFactory();
  }

  private static void add(KeyStore authorities, Certificate authority)
      throws GeneralSecurityException {
    authorities.setCertificateEntry("authority-" + authorities.size(), authority);
  }

  private static X509TrustManager jvmAuthorities() throws GeneralSecurityException {
    return trustManager(null);
  }

  /** A trust manager for these authorities; null for the JVM's own. */
  private static X509TrustManager trustManager(KeyStore authorities)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(authorities);
    return (X509TrustManager) factory.getTrustManagers()[0];
  }
}
