/**
 * What a deployment runs, and nothing else does: {@link s3topostgres.deploy.DatabaseRoleHandler} is
 * the custom resource of serverless.yml that lets the database read the bucket. No part of a load.
 */
package s3topostgres.deploy;
