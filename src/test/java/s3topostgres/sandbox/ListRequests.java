package s3topostgres.sandbox;

import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;

/** Counts the pages that a client of S3 lists, and lets them be as small as a test wants. */
public final class ListRequests implements ExecutionInterceptor {
  private final AtomicInteger pages = new AtomicInteger();
  private volatile int pageSize = 1000;
  private volatile Runnable before = () -> {};

  /** Has S3 put no more objects than that on a page. */
  public void pageSize(int objects) {
    pageSize = objects;
  }

  /** Does something before each page is requested. */
  public void before(Runnable action) {
    before = action;
  }

  /** How many pages were requested so far. */
  public int pages() {
    return pages.get();
  }

  @Override
  public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
    if (context.request() instanceof ListObjectsV2Request list) {
      pages.incrementAndGet();
      before.run();
      return list.toBuilder().maxKeys(pageSize).build();
    }
    return context.request();
  }
}
