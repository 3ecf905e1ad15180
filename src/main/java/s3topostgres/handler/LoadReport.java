package s3topostgres.handler;

import java.util.List;
import s3topostgres.load.LoadResult;

/**
 * The function's answer, which Lambda's runtime writes as JSON: {@code {"loads": [{"object": ...,
 * "table": ..., ...}]}}.
 *
 * @param loads one for each record of the event, in its order
 */
public record LoadReport(List<LoadResult> loads) {}
