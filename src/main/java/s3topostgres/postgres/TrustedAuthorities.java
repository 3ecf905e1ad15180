package s3topostgres.postgres;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.postgresql.PGProperty;
import org.postgresql.ssl.WrappedFactory;

/**
 * The certificate authorities that a database's certificate may come from: those that are set, or
 * those of Amazon RDS, whose bundle is in the package, and the JVM's own, which RDS Proxy's
 * certificates chain to. The driver makes one of these for each connection, by its name, and gives
 * it the certificates that are set as the factory's argument.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html">Certificate
 *     bundles</a>
 */
public final class TrustedAuthorities extends WrappedFactory {
  private static final String BUNDLE = "/rds-global-bundle.pem";

  private final boolean verifiesName;

  /** Read once a process: it takes about 0.1 s, as much as all the rest of a connection. */
  private static final class Amazon {
    static final X509TrustManager AUTHORITIES = read();

    private static X509TrustManager read() {
      try {
        List<Certificate> authorities = new ArrayList<>(rdsAuthorities());
        authorities.addAll(List.of(trustManager(null).getAcceptedIssuers()));
        return trusting(authorities);
      } catch (GeneralSecurityException | IOException e) {
        throw new IllegalStateException("The package's certificates cannot be read", e);
      }
    }
  }

  /**
   * @param properties the connection's
   * @throws GeneralSecurityException when the certificates that are set are none
   */
  public TrustedAuthorities(Properties properties) throws GeneralSecurityException, IOException {
    String pem = PGProperty.SSL_FACTORY_ARG.getOrDefault(properties);
    X509TrustManager authorities =
        pem == null
            ? Amazon.AUTHORITIES
            : trusting(certificates(pem.getBytes(StandardCharsets.ISO_8859_1)));
    // A context keeps the sessions of its connections; each connection has its own.
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {authorities}, null);
    factory = context.getSocketFactory();
    verifiesName = "verify-full".equals(PGProperty.SSL_MODE.getOrDefault(properties));
  }

  /**
   * Has the name checked in the handshake, which says why it fails; the driver's own check, which
   * comes after it, does not.
   */
  @Override
  public Socket createSocket(Socket socket, String host, int port, boolean autoClose)
      throws IOException {
    SSLSocket tls = (SSLSocket) super.createSocket(socket, host, port, autoClose);
    if (verifiesName) {
      SSLParameters parameters = tls.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      tls.setSSLParameters(parameters);
    }
    return tls;
  }

  /** The authorities in the package. */
  static Collection<X509Certificate> rdsAuthorities() throws GeneralSecurityException, IOException {
    try (InputStream bundle = TrustedAuthorities.class.getResourceAsStream(BUNDLE)) {
      return certificates(bundle.readAllBytes());
    }
  }

  private static List<X509Certificate> certificates(byte[] pem) throws GeneralSecurityException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(pem))
        .stream()
        .map(X509Certificate.class::cast)
        .toList();
  }

  private static X509TrustManager trusting(Collection<? extends Certificate> authorities)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (Certificate authority : authorities) {
      store.setCertificateEntry("authority-" + store.size(), authority);
    }
    return trustManager(store);
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
