/**
 * The edge to AWS Lambda: {@link s3topostgres.handler.CsvLoadHandler} is what serverless.yml names.
 * Nothing else uses this package.
 */
package s3topostgres.handler;
