/**
 * Objects in S3: {@link s3topostgres.s3.Upload} is an upload as S3 announced it, and {@link
 * s3topostgres.s3.S3Objects} reads the object as it is now.
 */
package s3topostgres.s3;
