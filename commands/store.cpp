#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/url.h"
#include "core/service/identifier_sealing.h"
#include "core/service/store_care.h"

namespace authctl::commands {
namespace {

constexpr Field table_fields[] = {
    {"table", FieldType::text, false, "its name", "table"},
    {"rows", FieldType::integer, false, "how many rows it has", "rows"},
};
constexpr Shape table_shape{"table", "table", table_fields};

constexpr Field migrate_fields[] = {
    {"from", FieldType::integer, false, "schema the store had", ""},
    {"to", FieldType::integer, false, "schema it has now", ""},
    {"applied", FieldType::strings, false, "names of the migrations that were applied", ""},
};
constexpr Shape migrate_shape{"store migrate", "", migrate_fields};

constexpr Field copy_fields[] = {
    {"from", FieldType::text, false, "the store that was copied", ""},
    {"to", FieldType::text, false, "where the copy is", ""},
    {"tables", FieldType::objects, false, "what was copied", "", &table_shape},
    {"log", FieldType::text, true, "verdict over the copy's audit log; null on a dry run", ""},
};
constexpr Shape copy_shape{"store copy", "to", copy_fields};

constexpr Field check_fields[] = {
    {"ok", FieldType::boolean, false, "whether no problem was found", ""},
    {"engine", FieldType::text, false, "sqlite or postgresql", ""},
    {"schema", FieldType::integer, false, "its number", ""},
    {"problems", FieldType::strings, false, "what was found, a sentence each", ""},
    {"tables", FieldType::objects, false, "what it holds", "", &table_shape},
};
constexpr Shape check_shape{"store check", "", check_fields};

constexpr Field identifiers_fields[] = {
    {"changed", FieldType::boolean, false, "whether anything was left to be sealed", ""},
    {"users", FieldType::integer, false, "users whose identifiers were sealed", ""},
    {"roles", FieldType::integer, false, "roles whose description was sealed", ""},
    {"grants", FieldType::integer, false, "grants whose permission was sealed", ""},
};
constexpr Shape identifiers_shape{"store encrypt-identifiers", "", identifiers_fields};

service::OpenRequest open_request(Invocation& in) {
  return {in.settings().text("store"), service::master_key_source(in.settings())};
}

Output migrate(Invocation& in) {
  const auto report = service::migrate_store(open_request(in), in.cause(), in.clock(), in.random());
  Output output = Output::one(migrate_shape, service::migration_json(report));
  if (report.applied.empty()) output.with_notice("the schema is the newest already; nothing was changed");
  return output;
}

Output copy(Invocation& in, const std::string& to) {
  if (base::holds_password(to)) {
    throw base::Error(base::ErrorCode::usage,
                      "a store URL with a password must not stand on the command line",
                      "put the password into ~/.pgpass or PGPASSWORD");
  }
  const auto report = service::copy_store(in.realm(), in.cause(), in.settings().text("store"), to);
  Output output = Output::one(copy_shape, service::copy_json(report));
  if (report.log && report.log->verdict != audit::LogVerdict::intact) {
    output.with_exit(7).with_notice("the audit log of the copy does not verify: " +
                                    report.log->problem.value_or("unknown"));
  }
  return output;
}

Output encrypt_identifiers(Invocation& in) {
  const auto report =
      service::encrypt_identifiers(in.realm(), in.cause(), [&in](std::int64_t done, std::int64_t total) {
        if (in.interrupted())
          throw base::Error(base::ErrorCode::interrupted, "interrupted",
                            "the store works as it is; run the same command again to go on");
        in.progress("rows", static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
      });
  Output output = Output::one(identifiers_shape, service::identifiers_json(report));
  if (!report.changed) output.with_notice("the identifiers are sealed already; nothing was changed");
  return output;
}

Output check(Invocation& in) {
  const auto db = store::open_database(in.settings().text("store"), store::OpenMode::read_only);
  const auto result = store::check_store(*db);
  return Output::one(check_shape, service::check_json(result)).with_exit(result.problems.empty() ? 0 : 8);
}

}  // namespace

void declare_store(Noun& noun) {
  noun.verb("migrate", "Bring the store to this program's schema", &migrate_shape,
            {.examples = {"authctl store migrate", "authctl store migrate --dry-run --json"},
             .exits = {{8, "the store cannot be used"}}},
            migrate);
  auto to = std::make_shared<std::string>();
  auto& verb = noun.verb(
      "copy", "Copy the whole store to another place or engine", &copy_shape,
      {.examples = {"authctl store copy --to sqlite:/srv/copy/authctl.db",
                    "authctl store copy --to postgresql://authctl@db.example.com/authctl"},
       .exits = {{5, "something is at the target already"},
                 {7, "the log of the copy does not verify"},
                 {8, "a store cannot be used"}},
       .more = "The copy opens with the same master key. Its audit log goes on from where it was copied."},
      [to](Invocation& in) { return copy(in, *to); });
  verb.add_option("--to", *to, "the target, a store URL")->required()->type_name("URL");
  noun.verb(
      "encrypt-identifiers", "Seal e-mail addresses, permissions and descriptions", &identifiers_shape,
      {.examples = {"authctl store encrypt-identifiers", "authctl store encrypt-identifiers --json"},
       .exits = {{7, "the master key is not the store's"}, {8, "the store cannot be used"}},
       .more = "Users are found by a keyed blind index from then on, and permissions are compared by it: "
               "the store alone tells neither. Commands and servers go on meanwhile; interrupted, the same "
               "command goes on where it was. There is no way back."},
      encrypt_identifiers);
  noun.verb("check", "Look for damage in the store", &check_shape,
            {.examples = {"authctl store check", "authctl store check --json"},
             .exits = {{8, "it is damaged, or cannot be used"}},
             .more = "The master key is not needed. Whether anybody touched the audit log is for `authctl "
                     "audit verify`."},
            check);
}

}  // namespace authctl::commands
