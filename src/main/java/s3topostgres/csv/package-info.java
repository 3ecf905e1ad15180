/**
 * A CSV file: what its head says, which columns take its fields, and its import. {@link
 * s3topostgres.csv.FileImports} first.
 */
package s3topostgres.csv;
