/**
 * Loads CSV files dropped into S3 into Postgres tables, all or nothing.
 *
 * <p>Start reading at {@link s3topostgres.handler.CsvLoadHandler}, which AWS Lambda calls. {@link
 * s3topostgres.load.Loader} leads an upload from event to report, and {@code LoadTransaction} is
 * one load on one page.
 */
package s3topostgres;
