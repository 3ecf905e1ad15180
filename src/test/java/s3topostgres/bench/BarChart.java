package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A chart in SVG: groups of horizontal bars, each the median of a series with its range. */
final class BarChart {
  private static final int WIDTH = 760;
  private static final int LEFT = 170;
  private static final int RIGHT = 170;
  private static final int ROW = 24;

  private final List<Group> groups = new ArrayList<>();

  private record Group(String heading, List<Bar> bars) {}

  private record Bar(String label, Series series) {}

  /** Begins a group of bars under a heading. */
  void group(String heading) {
    groups.add(new Group(heading, new ArrayList<>()));
  }

  /** Adds a bar to the last group. The first of each is highlighted. */
  void bar(String label, Series series) {
    groups.get(groups.size() - 1).bars.add(new Bar(label, series));
  }

  /** Writes the chart, and the folders that it lies in. */
  void write(Path file, String title) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, svg(title));
  }

  private String svg(String title) {
    List<Bar> bars = groups.stream().flatMap(group -> group.bars.stream()).toList();
    double longest = bars.stream().mapToDouble(bar -> bar.series.most()).max().orElseThrow();
    double pixelsOfASecond = (WIDTH - LEFT - RIGHT) / longest;
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" font-family="sans-serif" font-size="13">
        <title>%3$s</title>
        <rect width="%1$d" height="%2$d" fill="#fff"/>
        <text x="12" y="22" font-weight="bold">%3$s</text>
        """
            .formatted(WIDTH, (groups.size() + bars.size() + 2) * ROW, title));
    int y = ROW + 10;
    for (Group group : groups) {
      svg.append("<text x=\"12\" y=\"%d\">%s</text>%n".formatted(y + 18, group.heading));
      y += ROW;
      for (Bar bar : group.bars) {
        append(svg, bar, y, pixelsOfASecond, bar == group.bars.get(0) ? "#0b6e4f" : "#b8c4bf");
        y += ROW;
      }
    }
    return svg.append("</svg>\n").toString();
  }

  private static void append(
      StringBuilder svg, Bar bar, int y, double pixelsOfASecond, String colour) {
    double least = LEFT + bar.series.least() * pixelsOfASecond;
    double most = LEFT + bar.series.most() * pixelsOfASecond;
    svg.append(
        """
        <text x="%1$d" y="%2$d" text-anchor="end">%3$s</text>
        <rect x="%4$d" y="%5$d" width="%6$.1f" height="16" fill="%7$s"/>
        <path d="M%8$.1f %9$d h%10$.1f" stroke="#333"/>
        <text x="%11$.1f" y="%2$d">%12$s</text>
        """
            .formatted(
                LEFT - 8,
                y + 16,
                bar.label,
                LEFT,
                y + 4,
                bar.series.median() * pixelsOfASecond,
                colour,
                least,
                y + 12,
                most - least,
                most + 8,
                bar.series.spread()));
  }
}
