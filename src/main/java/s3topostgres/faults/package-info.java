/**
 * Everything in a file that its table does not accept, found without touching the table: the file
 * is imported into a table of texts, and the database tries every value.
 */
package s3topostgres.faults;
