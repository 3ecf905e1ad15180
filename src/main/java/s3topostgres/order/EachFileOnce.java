package s3topostgres.order;

/** Each file is loaded once, whatever was loaded before it; a backlog is loaded oldest first. */
public record EachFileOnce(BucketListing listing) implements LoadOrder {}
