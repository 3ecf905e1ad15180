package s3topostgres.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;

/** Which bytes are taken for characters, by the real COPY. */
class FileEncodingTest {
  private static final Map<String, String> SINGLE_BYTE = new TreeMap<>();

  static {
    SINGLE_BYTE.putAll(
        Map.of(
            "KOI8R", "KOI8-R", "KOI8U", "KOI8-U", "WIN866", "IBM866", "WIN874", "x-windows-874"));
    IntStream.rangeClosed(1250, 1258).forEach(i -> SINGLE_BYTE.put("WIN" + i, "windows-" + i));
    SINGLE_BYTE.putAll(
        Map.of(
            "LATIN1",
            "ISO-8859-1",
            "LATIN2",
            "ISO-8859-2",
            "LATIN3",
            "ISO-8859-3",
            "LATIN4",
            "ISO-8859-4",
            "LATIN5",
            "ISO-8859-9",
            "LATIN7",
            "ISO-8859-13",
            "LATIN9",
            "ISO-8859-15"));
    IntStream.rangeClosed(5, 8).forEach(i -> SINGLE_BYTE.put("ISO_8859_" + i, "ISO-8859-" + i));
  }

  /** What is taken for characters in one file, everything else in files of its own. */
  @Test
  void ofOneByteIsJudgedAsPostgresDoes() throws Exception {
    try (PlainCopy copy = new PlainCopy()) {
      for (Map.Entry<String, String> encoding : SINGLE_BYTE.entrySet()) {
        CsvFormat format = format(encoding.getKey(), Charset.forName(encoding.getValue()));
        ByteArrayOutputStream characters = new ByteArrayOutputStream();
        for (int b = 128; b < 256; b++) {
          byte[] file = {(byte) b};
          if (Scans.scan(file, format, copy.version(), 1, new Random(b)).faults().isEmpty()) {
            characters.write(b);
          } else {
            assertThat(copy.load(file, format, 1).sqlState())
                .as("%s %02X", encoding, b)
                .isPresent();
          }
        }
        assertThat(copy.load(characters.toByteArray(), format, 1).sqlState())
            .as(encoding.toString())
            .isEmpty();
      }
    }
  }

  @Test
  void utf8IsJudgedAsPostgresDoes() throws Exception {
    CsvFormat format = format("UTF8", StandardCharsets.UTF_8);
    Random random = new Random(4711);
    byte[] edges = {0x7f, -128, -113, -112, -97, -96, -65, -64, -63, -62, -32, -19, -16, -12, -11};
    try (PlainCopy copy = new PlainCopy()) {
      for (int i = 0; i < 500; i++) {
        byte[] file = new byte[1 + random.nextInt(5)];
        for (int at = 0; at < file.length; at++) {
          file[at] = edges[random.nextInt(edges.length)];
        }
        boolean loaded = copy.load(file, format, 1).sqlState().isEmpty();
        assertThat(Scans.scan(file, format, copy.version(), 1, random).faults().isEmpty())
            .as(HexFormat.of().formatHex(file))
            .isEqualTo(loaded);
      }
    }
  }

  private static CsvFormat format(String encoding, Charset charset) {
    return new CsvFormat(
        Header.NONE,
        ',',
        '"',
        true,
        '"',
        "",
        encoding,
        charset,
        false,
        Optional.empty(),
        Optional.empty());
  }
}
