/**
 * The world around the function, on one machine and without an AWS account: a real Postgres with a
 * stand-in for {@code aws_s3}, an S3 server and the Lambda runtime. Used by the tests and by the
 * local run. Start with {@link s3topostgres.sandbox.Sandbox}.
 *
 * <p>Nothing here outlives its {@code close} or, failing that, this JVM: no process, and no file
 * but the unpacked Postgres binaries under {@code target/sandbox}.
 */
package s3topostgres.sandbox;
