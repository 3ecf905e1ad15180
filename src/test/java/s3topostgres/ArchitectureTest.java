package s3topostgres;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static java.util.Map.entry;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("s3topostgres");

  /** What each package may use of the others. */
  private static final Map<String, List<String>> USES =
      Map.ofEntries(
          entry("handler", List.of("check", "config", "load", "postgres", "s3")),
          entry("check", List.of("config", "history", "mode", "postgres", "s3")),
          entry("load", List.of("config", "csv", "faults", "history", "mode", "postgres", "s3")),
          entry("faults", List.of("mode", "postgres")),
          entry("mode", List.of("config", "csv", "history", "postgres")),
          entry("csv", List.of("config", "postgres", "s3")),
          entry("history", List.of("config", "postgres", "s3")),
          entry("postgres", List.of("config", "s3")),
          entry("s3", List.of("config")),
          entry("config", List.of()),
          entry("deploy", List.of()));

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
        "s3topostgres.faults..",
        "s3topostgres.history..",
        "s3topostgres.load..",
        "s3topostgres.mode..",
        "s3topostgres.postgres..");
    onlyIn("org.postgresql..", "s3topostgres.postgres..");
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
