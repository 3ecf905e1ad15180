/**
 * The record of the loads, and what it says of an upload: {@link s3topostgres.history.History}
 * first.
 */
package s3topostgres.history;
