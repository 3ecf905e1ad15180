/** The object in S3, as far as the function looks at it itself: {@link s3topostgres.s3.Objects}. */
package s3topostgres.s3;
