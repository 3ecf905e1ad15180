package s3topostgres;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import s3topostgres.config.Mode;

class ArchitectureTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("s3topostgres");

  /** What each package may use of the others. */
  private static final Map<String, List<String>> USES =
      Map.ofEntries(
          entry(
              "handler",
              List.of("check", "config", "csv", "dms", "load", "mode", "order", "postgres", "s3")),
          entry(
              "load",
              List.of("config", "csv", "faults", "history", "mode", "order", "postgres", "s3")),
          entry(
              "check",
              List.of("config", "csv", "faults", "history", "mode", "order", "postgres", "s3")),
          entry("dms", List.of("config", "csv", "history", "mode", "order", "postgres", "s3")),
          entry("faults", List.of("config", "csv", "mode", "postgres", "s3", "scan")),
          entry("order", List.of("config", "csv", "history", "mode", "postgres", "s3")),
          entry("mode", List.of("config", "csv", "history", "postgres", "s3")),
          entry("csv", List.of("config", "postgres", "s3", "scan")),
          entry("scan", List.of("config", "postgres")),
          entry("history", List.of("config", "postgres", "s3")),
          entry("postgres", List.of("config", "s3")),
          entry("s3", List.of("config")),
          entry("config", List.of()),
          entry("deploy", List.of()));

  /** The setting and the wiring. */
  private static final Set<String> KNOW_THE_NAME = Set.of("Mode.java", "Wiring.java");

  @Test
  void packagesPointOneWay() {
    Architectures.LayeredArchitecture layers =
        layeredArchitecture().consideringOnlyDependenciesInLayers();
    for (String name : USES.keySet()) {
      layers = layers.layer(name).definedBy("s3topostgres." + name + "..");
    }
    for (Map.Entry<String, List<String>> layer : USES.entrySet()) {
      layers =
          layer.getValue().isEmpty()
              ? layers.whereLayer(layer.getKey()).mayNotAccessAnyLayer()
              : layers
                  .whereLayer(layer.getKey())
                  .mayOnlyAccessLayers(layer.getValue().toArray(String[]::new));
    }
    layers.check(OURS);
  }

  @Test
  void onlyTheHandlersKnowLambda() {
    onlyIn("com.amazonaws..", "s3topostgres.handler..", "s3topostgres.deploy..");
    onlyIn("org.joda..", "s3topostgres.handler..");
  }

  @Test
  void onlyThreePackagesCallAws() {
    onlyIn(
        "software.amazon.awssdk..",
        "s3topostgres.config..",
        "s3topostgres.deploy..",
        "s3topostgres.s3..");
    onlyIn("software.amazon.cloudwatchlogs..", "s3topostgres.load..");
  }

  @Test
  void onlyWhatWorksInTheDatabaseKnowsSql() {
    onlyIn(
        "java.sql..",
        "s3topostgres.check..",
        "s3topostgres.csv..",
        "s3topostgres.dms..",
        "s3topostgres.faults..",
        "s3topostgres.history..",
        "s3topostgres.load..",
        "s3topostgres.mode..",
        "s3topostgres.order..",
        "s3topostgres.postgres..");
    onlyIn("org.postgresql..", "s3topostgres.postgres..");
  }

  @Test
  void onlyTheWiringKnowsWhichModesThereAre() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "s3topostgres.config..",
            "s3topostgres.dms..",
            "s3topostgres.mode..",
            "s3topostgres.order..")
        .and()
        .doNotHaveSimpleName("Wiring")
        .and()
        // The compiler puts the constants of a switch there.
        .doNotHaveFullyQualifiedName("s3topostgres.handler.Wiring$1")
        .should()
        .dependOnClassesThat()
        .areAssignableTo(Mode.class)
        .check(OURS);
  }

  @Test
  void onlyOnePackageKnowsDms() throws IOException {
    noClasses()
        .that()
        .resideOutsideOfPackages("s3topostgres.dms..", "s3topostgres.handler..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("s3topostgres.dms..")
        .check(OURS);
    Path sources = Path.of("src/main/java/s3topostgres");
    try (Stream<Path> files = Files.walk(sources)) {
      assertThat(files.filter(file -> file.toString().endsWith(".java")))
          .filteredOn(file -> !file.startsWith(sources.resolve("dms")))
          .filteredOn(file -> !KNOW_THE_NAME.contains(file.getFileName().toString()))
          .allSatisfy(file -> assertThat(Files.readString(file)).doesNotContainIgnoringCase("dms"));
    }
  }

  @Test
  void classesAreNotMadeForInheritance() {
    classes()
        .that()
        .areTopLevelClasses()
        .and(DescribedPredicate.not(JavaClass.Predicates.INTERFACES))
        .and()
        .doNotHaveSimpleName("package-info")
        .should()
        .haveModifier(JavaModifier.FINAL)
        .check(OURS);
  }

  private static void onlyIn(String foreign, String... ours) {
    noClasses()
        .that()
        .resideOutsideOfPackages(ours)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(foreign)
        .check(OURS);
  }
}
