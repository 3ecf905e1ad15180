/**
 * In which order the files of a table are loaded, and what follows from that: {@link
 * s3topostgres.order.LoadOrder} first, then a class for each order. A {@link
 * s3topostgres.order.LoadTask} is one thing to do to a table.
 */
package s3topostgres.order;
