/**
 * What the beginning of a file says about it before it is loaded: {@link s3topostgres.csv.FileHead}
 * first.
 */
package s3topostgres.csv;
