/**
 * Loads CSV files dropped into S3 into Postgres tables, all rows or none.
 *
 * <p>Start reading at {@link s3topostgres.handler.CsvLoadHandler}, which AWS Lambda calls, and go
 * on to {@link s3topostgres.load.Loader}, which is one load from upload to report.
 */
package s3topostgres;
