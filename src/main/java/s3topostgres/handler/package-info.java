/**
 * The edge to AWS Lambda: serverless.yml names {@link s3topostgres.handler.CsvLoadHandler}, {@link
 * s3topostgres.handler.CatchUpHandler} and {@link s3topostgres.handler.CheckHandler}. Nothing else
 * uses this package.
 */
package s3topostgres.handler;
