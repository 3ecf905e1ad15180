package s3topostgres.s3;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.config.AwsCalls;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.EncodingType;
import software.amazon.awssdk.services.s3.model.FilterRule;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.InvalidObjectStateException;
import software.amazon.awssdk.services.s3.model.LambdaFunctionConfiguration;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.NotificationConfigurationFilter;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Reads and lists objects in S3. The SDK finds region, credentials and endpoint, and retries
 * temporary errors.
 */
public final class S3Objects {
  /**
   * The size of an object's head: 256 KiB, because a header of 1,600 columns has up to 100,800
   * bytes of names.
   */
  public static final int HEAD_BYTES = 256 * 1024;

  private static final Duration LONGEST_LOOK = Duration.ofSeconds(5);

  private final S3Client s3;
  private final SmallObjects small = new SmallObjects();

  /** Prefixes that have more objects than one request lists, with their buckets. */
  private final Set<ObjectLocation> large = ConcurrentHashMap.newKeySet();

  public S3Objects(S3Client s3) {
    this.s3 = s3;
  }

  /**
   * Makes a client that is configured by AWS's own environment variables. With another endpoint
   * than AWS's, buckets are in the path, because the endpoint may have no host name for each
   * bucket.
   */
  public static S3Objects connect(Map<String, String> environment) {
    boolean elsewhere =
        Stream.of("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3").anyMatch(environment::containsKey);
    return new S3Objects(AwsCalls.limited(S3Client.builder()).forcePathStyle(elsewhere).build());
  }

  /**
   * Reads size, ETag and first bytes of an object, in one request.
   *
   * @param limit for all attempts together; 5 s at most, because a transaction waits
   * @throws LoadException {@code OBJECT_UNREADABLE} when the object is empty, does not exist, or
   *     may not be read; {@code S3_UNAVAILABLE} when S3 does not answer
   */
  public StoredObject look(ObjectLocation location, Duration limit) {
    try {
      ResponseBytes<GetObjectResponse> answer =
          head(location, Collections.min(List.of(limit, LONGEST_LOOK)));
      GetObjectResponse object = answer.response();
      byte[] head = answer.asByteArrayUnsafe();
      return new StoredObject(
          size(object, head.length),
          object.eTag().replace("\"", ""),
          object.lastModified(),
          Optional.ofNullable(object.versionId()),
          Optional.ofNullable(object.contentEncoding()),
          head);
    } catch (InvalidObjectStateException e) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "the object is archived (its storage class is %s)".formatted(e.storageClassAsString()),
          "Restore it first (aws s3api restore-object), or upload it again; catchUp"
              + " loads it when it is restored. The old rows are still there.");
    } catch (S3Exception e) {
      throw S3Errors.refused(e.statusCode(), location);
    } catch (SdkException | UncheckedIOException e) {
      throw S3Errors.noAnswer();
    }
  }

  /**
   * Reads size and first bytes of an object that was read before. Small objects are kept in memory
   * for {@link #read} and the next look.
   *
   * @param etag that it had, without quotes
   * @return empty when there is no object with that ETag any more
   * @throws LoadException as {@link #look}
   */
  public Optional<StoredObject> lookAgain(ObjectLocation location, String etag, Duration limit) {
    Optional<StoredObject> kept = small.get(location, etag);
    if (kept.isPresent()) {
      return kept;
    }
    try {
      StoredObject found = look(location, limit);
      small.keep(location, found);
      return Optional.of(found).filter(object -> object.etag().equals(etag));
    } catch (LoadException e) {
      if (e.retry() == Retry.NEVER && isUnchanged(location, etag, limit)) {
        return Optional.of(StoredObject.empty(etag));
      }
      if (e.retry() == Retry.NEVER || e.why().equals(S3Errors.GONE)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Whether an object still has an ETag, without quotes; false where S3 does not say so. Requests
   * no byte of the object.
   *
   * @param limit for all attempts together
   */
  public boolean isUnchanged(ObjectLocation location, String etag, Duration limit) {
    return etag(location, limit).equals(Optional.of(etag));
  }

  /**
   * Whether an object is gone, or has another ETag than this one, without quotes; false where S3
   * does not say so. Requests no byte of the object.
   *
   * @param limit for all attempts together
   */
  public boolean isReplaced(ObjectLocation location, String etag, Duration limit) {
    return etag(location, limit).filter(now -> !now.equals(etag)).isPresent();
  }

  /** The ETag, without quotes, or an empty text if the object is gone; empty if S3 does not say. */
  private Optional<String> etag(ObjectLocation location, Duration limit) {
    try {
      return Optional.of(
          s3.headObject(
                  request ->
                      request
                          .bucket(location.bucket())
                          .key(location.key())
                          .overrideConfiguration(within(limit)))
              .eTag()
              .replace("\"", ""));
    } catch (NoSuchKeyException e) {
      return Optional.of("");
    } catch (SdkException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /**
   * Puts a text, in UTF-8, in place of what the object key had before.
   *
   * @param limit for all attempts together
   * @throws LoadException {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when it is not put
   */
  public void put(ObjectLocation location, String text, Duration limit) {
    try {
      s3.putObject(
          request ->
              request
                  .bucket(location.bucket())
                  .key(location.key())
                  .contentType("text/plain; charset=utf-8")
                  .overrideConfiguration(within(limit)),
          RequestBody.fromString(text));
    } catch (S3Exception e) {
      throw S3Errors.notPut(e.statusCode());
    } catch (SdkException | UncheckedIOException e) {
      throw S3Errors.noAnswer();
    }
  }

  /**
   * Streams the content of an object, decompressed if it is stored with gzip. If the connection
   * breaks, the rest is requested. The caller closes the stream.
   *
   * @param object as it was when its head was read; an object with another ETag is not read
   * @param left the time that is left for the whole stream
   * @throws LoadException also from reads: {@code OBJECT_UNREADABLE} when the object has changed;
   *     {@code S3_UNAVAILABLE} when S3 does not send the rest; {@code ROW_REJECTED} when the gzip
   *     is damaged or incomplete
   */
  public InputStream read(ObjectLocation location, StoredObject object, Supplier<Duration> left) {
    Optional<StoredObject> kept = small.get(location, object.etag());
    if (kept.isPresent() && !object.isGzip()) {
      return new ByteArrayInputStream(kept.get().head());
    }
    ObjectStream stream =
        new ObjectStream(object.size(), from -> rest(location, object, from, left.get()), left);
    try {
      return object.isGzip() ? new GzipText(stream) : stream;
    } catch (IOException e) {
      stream.close();
      throw GzipText.damaged();
    }
  }

  /** Requests an object from a byte on. */
  private ResponseInputStream<GetObjectResponse> rest(
      ObjectLocation location, StoredObject object, long from, Duration limit) {
    try {
      ResponseInputStream<GetObjectResponse> answer =
          s3.getObject(
              request ->
                  request
                      .bucket(location.bucket())
                      .key(location.key())
                      .ifMatch('"' + object.etag() + '"')
                      .range("bytes=" + from + "-")
                      .overrideConfiguration(within(limit)));
      String range = "bytes %d-%d/%d".formatted(from, object.size() - 1, object.size());
      if (!range.equals(answer.response().contentRange())) {
        // If the connection breaks between headers, the JDK returns those that it has.
        answer.abort();
        throw SdkClientException.create("not the bytes that were requested");
      }
      return answer;
    } catch (S3Exception e) {
      if (e.statusCode() >= 500) {
        throw e;
      }
      throw S3Errors.refused(e.statusCode(), location);
    }
  }

  /**
   * Checks whether the function can read a bucket, by requesting an object that does not exist. S3
   * answers 404 only to a role that may list the bucket.
   *
   * @param absentKey of an object that does not exist
   * @param limit for all attempts together
   * @throws LoadException {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when it cannot
   * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html">GetObject</a>
   */
  public void checkAccess(String bucket, String absentKey, Duration limit) {
    ObjectLocation location = new ObjectLocation(bucket, absentKey);
    try {
      head(location, limit);
    } catch (NoSuchBucketException e) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "there is no bucket " + bucket, "Correct S3_BUCKET_NAME.");
    } catch (S3Exception e) {
      if (e.statusCode() != 404) {
        throw S3Errors.refused(e.statusCode(), location);
      }
    } catch (SdkException | UncheckedIOException e) {
      throw S3Errors.noAnswer();
    }
  }

  /**
   * Reads a bucket's notifications of Lambda functions.
   *
   * @param limit for all attempts together
   * @throws LoadException {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when they cannot be
   *     read
   */
  public List<Notification> notifications(String bucket, Duration limit) {
    try {
      return s3
          .getBucketNotificationConfiguration(
              request -> request.bucket(bucket).overrideConfiguration(within(limit)))
          .lambdaFunctionConfigurations()
          .stream()
          .map(
              found ->
                  new Notification(
                      found.lambdaFunctionArn(),
                      found.eventsAsStrings(),
                      rule(found, "prefix"),
                      rule(found, "suffix")))
          .toList();
    } catch (S3Exception e) {
      throw S3Errors.notificationsUnread(e.statusCode());
    } catch (SdkException | UncheckedIOException e) {
      throw S3Errors.noAnswer();
    }
  }

  private static String rule(LambdaFunctionConfiguration notification, String name) {
    return Optional.ofNullable(notification.filter())
        .map(NotificationConfigurationFilter::key)
        .stream()
        .flatMap(key -> key.filterRules().stream())
        .filter(rule -> rule.nameAsString().equalsIgnoreCase(name))
        .map(FilterRule::value)
        .findFirst()
        .orElse("");
  }

  /**
   * Lists the objects of a prefix, with one request; with none where there were too many before.
   *
   * @param limit for all attempts together
   * @return empty when there are more than one request lists: a thousand
   * @throws LoadException {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when the bucket
   *     cannot be listed
   */
  public Optional<List<ListedObject>> listFew(String bucket, String prefix, Duration limit) {
    ObjectLocation location = new ObjectLocation(bucket, prefix);
    if (large.contains(location)) {
      return Optional.empty();
    }
    ListObjectsV2Response answer = list(bucket, prefix, "", Optional.empty(), limit);
    if (answer.nextContinuationToken() != null) {
      large.add(location);
      return Optional.empty();
    }
    return Optional.of(listed(bucket, answer));
  }

  /** Takes a page of a bucket's list: up to a thousand objects, in the order of their keys. */
  @FunctionalInterface
  public interface Page<E extends Exception> {
    void take(List<ListedObject> objects) throws E;
  }

  /**
   * Lists the objects of a bucket, with one request for each page.
   *
   * @param after the object key behind which the list begins; empty for all of the prefix
   * @param left the time that is left for the whole list
   * @param page called with each page before the next one is requested
   * @throws LoadException {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when the bucket
   *     cannot be listed, {@code OUT_OF_TIME} when it has more objects than the time is enough for
   */
  public <E extends Exception> void list(
      String bucket, String prefix, String after, Supplier<Duration> left, Page<E> page) throws E {
    Optional<String> next = Optional.empty();
    do {
      ListObjectsV2Response answer = list(bucket, prefix, after, next, left.get());
      page.take(listed(bucket, answer));
      next = Optional.ofNullable(answer.nextContinuationToken());
    } while (next.isPresent());
  }

  private ListObjectsV2Response list(
      String bucket, String prefix, String after, Optional<String> token, Duration limit) {
    if (limit.isZero()) {
      throw ErrorCode.OUT_OF_TIME.failure(
          "the list of the bucket was not complete before the function's time limit",
          "Have fewer objects under S3_KEY_PREFIX: let a lifecycle rule delete old files, or name a longer prefix.");
    }
    try {
      return s3.listObjectsV2(
          request ->
              request
                  .bucket(bucket)
                  .prefix(prefix)
                  .startAfter(after.isEmpty() ? null : after)
                  .continuationToken(token.orElse(null))
                  // XML cannot represent every character of a key.
                  .encodingType(EncodingType.URL)
                  .overrideConfiguration(within(limit)));
    } catch (S3Exception e) {
      throw S3Errors.refused(e.statusCode(), new ObjectLocation(bucket, ""));
    } catch (SdkException | UncheckedIOException e) {
      throw S3Errors.noAnswer();
    }
  }

  private static List<ListedObject> listed(String bucket, ListObjectsV2Response answer) {
    return answer.contents().stream().map(object -> listed(bucket, object)).toList();
  }

  private static ListedObject listed(String bucket, S3Object object) {
    return new ListedObject(
        new ObjectLocation(bucket, object.key()),
        object.eTag().replace("\"", ""),
        object.size(),
        // S3 rounds to whole seconds; other servers do so only in the header.
        object.lastModified().truncatedTo(ChronoUnit.SECONDS));
  }

  private ResponseBytes<GetObjectResponse> head(ObjectLocation location, Duration limit) {
    return s3.getObjectAsBytes(
        request ->
            request
                .bucket(location.bucket())
                .key(location.key())
                .range("bytes=0-" + (HEAD_BYTES - 1))
                .overrideConfiguration(within(limit)));
  }

  private static Consumer<AwsRequestOverrideConfiguration.Builder> within(Duration limit) {
    return call -> call.apiCallTimeout(AwsCalls.within(limit));
  }

  /** The object's size, from {@code Content-Range: bytes 0-65535/200000}. */
  private static long size(GetObjectResponse object, long read) {
    String range = object.contentRange();
    return range == null ? read : Long.parseLong(range.substring(range.lastIndexOf('/') + 1));
  }
}
