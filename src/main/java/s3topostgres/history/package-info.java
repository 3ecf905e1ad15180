/**
 * The record of the loads, and its verdict on an upload: {@link s3topostgres.history.History}
 * first.
 */
package s3topostgres.history;
