/**
 * Runs during a deployment only: {@link s3topostgres.deploy.DatabaseRoleHandler} is the custom
 * resource of serverless.yml that lets the database read the bucket. No load uses this package.
 */
package s3topostgres.deploy;
