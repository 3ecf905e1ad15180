package s3topostgres.handler;

import java.util.List;
import s3topostgres.load.LoadResult;

/**
 * The function's answer, as JSON.
 *
 * @param loads one for each record of the event, in its order
 */
public record LoadReport(List<LoadResult> loads) {}
