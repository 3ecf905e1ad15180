/**
 * Objects in S3: an {@link s3topostgres.s3.Upload} is one as S3 announced it, and {@link
 * s3topostgres.s3.S3Objects} looks at what is there now.
 */
package s3topostgres.s3;
