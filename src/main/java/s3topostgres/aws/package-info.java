/** The little that the function itself asks of AWS: {@link s3topostgres.aws.AwsHttp}. */
package s3topostgres.aws;
