package s3topostgres;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("s3topostgres");

  @Test
  void packagesPointOneWay() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("handler")
        .definedBy("s3topostgres.handler..")
        .layer("check")
        .definedBy("s3topostgres.check..")
        .layer("load")
        .definedBy("s3topostgres.load..")
        .layer("postgres")
        .definedBy("s3topostgres.postgres..")
        .layer("s3")
        .definedBy("s3topostgres.s3..")
        .layer("config")
        .definedBy("s3topostgres.config..")
        .whereLayer("handler")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("check")
        .mayOnlyBeAccessedByLayers("handler")
        .whereLayer("load")
        .mayOnlyBeAccessedByLayers("check", "handler")
        .whereLayer("postgres")
        .mayOnlyBeAccessedByLayers("load", "check", "handler")
        .whereLayer("s3")
        .mayOnlyBeAccessedByLayers("load", "check", "handler")
        .layer("aws")
        .definedBy("s3topostgres.aws..")
        .layer("deploy")
        .definedBy("s3topostgres.deploy..")
        .whereLayer("deploy")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("deploy")
        .mayNotAccessAnyLayer()
        .whereLayer("config")
        .mayOnlyAccessLayers("aws")
        .whereLayer("aws")
        .mayNotAccessAnyLayer()
        .check(OURS);
  }

  @Test
  void onlyTheHandlersKnowLambda() {
    onlyIn("com.amazonaws..", "s3topostgres.handler..", "s3topostgres.deploy..");
  }

  @Test
  void onlyTheBordersCallAws() {
    onlyIn("software.amazon.awssdk.http..", "s3topostgres.aws..");
    onlyIn("software.amazon.awssdk.auth..", "s3topostgres.aws..");
    onlyIn("software.amazon.awssdk.services..", "s3topostgres.deploy..");
  }

  @Test
  void onlyTheDatabasePackageAndItsUsersKnowSql() {
    onlyIn("java.sql..", "s3topostgres.postgres..", "s3topostgres.load..", "s3topostgres.check..");
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
