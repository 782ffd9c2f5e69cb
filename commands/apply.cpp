#include <algorithm>
#include <filesystem>
#include <map>

#include "commands/command.h"
#include "commands/staged_secret_file.h"
#include "commands/user_shape.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/crypto/digest.h"
#include "core/service/provisioning.h"
#include "core/store/data_key_repository.h"

namespace authctl::commands {
namespace {

constexpr std::size_t longest_manifest = 32 << 20;

constexpr Field change_fields[] = {
    {"op", FieldType::text, false, "add, replace or remove, as in JSON Patch (RFC 6902)", "op"},
    {"path", FieldType::text, false, "of what changes: /roles/editor/description", "path"},
    {"kind", FieldType::text, false, "role, user, client, key (its policy) or setting", ""},
    {"name", FieldType::text, false, "of the thing", ""},
    {"from", FieldType::any, true, "what stands now; null: nothing", ""},
    {"value", FieldType::any, true, "what is to stand; null: nothing", ""},
    {"drift", FieldType::boolean, false, "whether somebody changed by hand what the last apply set", ""},
};
constexpr Shape change_shape{"change", "path", change_fields};

constexpr Field applied_fields[] = {
    change_fields[0],
    change_fields[1],
    change_fields[2],
    change_fields[3],
    change_fields[4],
    change_fields[5],
    change_fields[6],
    {"secret", FieldType::text, true,
     "of a new client or a generated password, shown this once; null: none, or in the file that --out names",
     ""},
};
constexpr Shape applied_shape{"applied change", "path", applied_fields};

struct Request {
  std::string file;
  service::PlanRules rules;
  SecretFile out;
};

std::string name_of(const Request& request) {
  return request.file == "-" ? std::string("standard input") : base::quote(request.file);
}

service::Manifest read_manifest(Invocation& in, const Request& request, std::string& digest) {
  const auto text = in.read_input(request.file, longest_manifest);
  digest = base::encode_hex(crypto::sha256(base::bytes_of(text)));
  try {
    return service::parse_manifest(text);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), name_of(request) + ", " + error.message(), error.hint());
  }
}

// Errors of the plan say a line of the manifest.
template <class Work>
auto of_manifest(const Request& request, Work work) {
  try {
    return work();
  } catch (const base::Error& error) {
    if (!error.message().starts_with("line ")) throw;
    throw base::Error(error.code(), name_of(request) + ", " + error.message(), error.hint());
  }
}

NextRow rows_of(std::vector<base::json::object> rows) {
  return [rows = std::move(rows), at = std::size_t{0}]() mutable -> std::optional<base::json::object> {
    if (at == rows.size()) return std::nullopt;
    return std::move(rows[at++]);
  };
}

constexpr const char* unchanged = "nothing to change: the store is as the manifest says";

Output diff(Invocation& in, const Request& request) {
  std::string digest;
  const auto manifest = read_manifest(in, request, digest);
  const auto plan =
      of_manifest(request, [&] { return service::make_plan(in.realm(), manifest, request.rules); });
  auto output =
      Output::many(change_shape, rows_of(service::plan_json(plan))).with_view(service::draw_plan(plan));
  for (const auto& notice : plan.notices) output.with_notice(notice);
  if (plan.changes_nothing()) return output.with_notice(unchanged);
  return output.with_exit(6);
}

// A file that a manifest names lies where the manifest lies.
base::Secret read_password(const Request& request, const std::string& name) {
  std::filesystem::path path(name);
  if (path.is_relative() && request.file != "-")
    path = std::filesystem::path(request.file).parent_path() / path;
  const auto secret = base::read_secret_file(path.string());
  return base::Secret(base::without_newline(secret.reveal_text()));
}

std::string secrets_text(const std::vector<service::NewSecret>& secrets) {
  std::string text;
  for (const auto& secret : secrets)
    text += base::json::serialize(base::json::object{{"kind", service::word_of(secret.kind)},
                                                     {"name", secret.name},
                                                     {"secret", secret.secret.reveal_text()}}) +
            "\n";
  return text;
}

// A line that is cut was never in force.
std::vector<service::NewSecret> secrets_from(std::string_view text) {
  std::vector<service::NewSecret> secrets;
  for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    const auto line = base::parse_json(text.substr(at, end - at));
    if (!line || !line->is_object()) continue;
    const auto member = [&](std::string_view name) -> std::string_view {
      const auto* value = line->as_object().if_contains(name);
      return value && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
    };
    const auto kind = member("kind") == service::word_of(service::ThingKind::client)
                          ? service::ThingKind::client
                          : service::ThingKind::user;
    secrets.push_back({kind, std::string(member("name")), base::Secret(member("secret"))});
  }
  return secrets;
}

// For a person: beneath the plan, a line for each row that holds one.
std::string drawn_secrets(const std::vector<base::json::object>& rows) {
  std::string text;
  for (const auto& row : rows) {
    if (row.at("secret").is_null()) continue;
    const std::string_view kind(row.at("kind").as_string());
    text += std::string(kind) + " " + std::string(row.at("name").as_string()) +
            (kind == "user" ? ": password " : ": secret ") + std::string(row.at("secret").as_string()) + "\n";
  }
  return text;
}

// Whether what a row of the plan tells makes a secret: a client that is not public, a generated password.
bool makes_secret(const base::json::object& row) {
  const auto is_true = [](const base::json::value* value) {
    return value && value->is_bool() && value->as_bool();
  };
  const auto generates = [&](const base::json::value* password) {
    return password && password->is_object() && is_true(password->as_object().if_contains("generate"));
  };
  const std::string_view op(row.at("op").as_string()), kind(row.at("kind").as_string()),
      path(row.at("path").as_string());
  const auto& value = row.at("value");
  if (kind == "client" && op == "add" && value.is_object())
    return !is_true(value.as_object().if_contains("public"));
  if (kind == "client") return path.ends_with("/public") && value.is_bool() && !value.as_bool();
  if (kind == "user" && op == "add" && value.is_object())
    return generates(value.as_object().if_contains("password"));
  return kind == "user" && path.ends_with("/password") && generates(&value);
}

Output shown(Invocation& in, const Request& request, const service::ApplyOutcome& outcome) {
  auto rows = service::plan_json(outcome.plan);
  const bool shows = !request.out.given();
  std::map<std::string, std::string_view> secrets;
  for (const auto& secret : outcome.secrets)
    secrets[std::string(service::word_of(secret.kind)) + " " + secret.name] = secret.secret.reveal_text();
  for (auto& row : rows) {
    row["secret"] = nullptr;
    if (!shows || !makes_secret(row)) continue;
    const auto key = std::string(row["kind"].as_string()) + " " + std::string(row["name"].as_string());
    if (in.dry_run()) row["secret"] = "(not generated)";
    if (const auto made = secrets.find(key); made != secrets.end()) row["secret"] = made->second;
  }
  auto view = service::draw_plan(outcome.plan) + drawn_secrets(rows);
  auto output = Output::many(applied_shape, rows_of(std::move(rows))).with_view(std::move(view));
  for (const auto& notice : outcome.plan.notices) output.with_notice(notice);
  if (outcome.plan.changes_nothing()) output.with_notice(unchanged);
  if (request.out.given() && !outcome.secrets.empty())
    output.with_notice(request.out.notice(in.dry_run(), "what is secret"));
  return output;
}

// Whether the plan makes something that has to be written to a file.
bool makes_secrets(const service::Plan& plan) {
  return std::ranges::any_of(service::plan_json(plan), makes_secret);
}

// Where new secrets go with --out. An apply that makes none is run again and again with the same one, and
// leaves it as it is.
class Delivery {
 public:
  Delivery(Invocation& in, const SecretFile& file) : file_(file) {
    if (!file_.given()) return;
    file_.prepare(in, base::IfExists::replace);
    if (!in.dry_run()) open(in);
  }
  // Error conflict where there is something to write, and no place for it.
  void expect(const service::Plan& plan) {
    if (left_over_counts_) return make_good(plan);
    if (file_.given() && !file_.force && makes_secrets(plan))
      base::check_place(file_.path, base::IfExists::refuse);
  }
  void write(const std::vector<service::NewSecret>& secrets) {
    if (!file_.given()) return;
    if (!staged_)
      throw base::Error(base::ErrorCode::conflict,
                        "file " + base::quote(file_.path) + " exists, and new secrets are to be written",
                        "name another file");
    staged_->write(secrets_text(secrets));
    written_ = true;
  }
  void publish() {
    if (written_) staged_->publish();
  }
  void keep() {
    if (written_) staged_->keep();
  }
  bool made_good() const { return made_good_; }

 private:
  // What a run that was killed after its commit left gets its place. Nothing else gets it before that.
  void make_good(const service::Plan& plan) {
    const auto& staged = staged_->name();
    if (makes_secrets(plan))
      throw base::Error(base::ErrorCode::conflict,
                        "what an interrupted run made is in " + base::quote(staged) +
                            ", and there are new secrets to be written",
                        "mv " + base::shell_word(staged) + " to where it is to be: it is in force");
    staged_->publish();
    staged_.reset();
    made_good_ = true;
  }
  void open(Invocation& in) {
    const auto id = store::find_meta(in.realm().db(), "store_id").value();
    const auto store_id = base::text_of(id);
    if (!file_.force && base::mode_of(file_.path) != -1) return refuse_two(store_id);
    staged_.emplace(file_, store_id);
    if (staged_->left_over().empty()) return;
    if (!service::any_in_force(in.realm(), secrets_from(staged_->left_over().reveal_text())))
      return staged_->discard();
    left_over_counts_ = true;
  }
  void refuse_two(std::string_view store_id) const {
    const auto staged = StagedSecretFile::staged_name(file_.path, store_id);
    if (base::mode_of(staged) == -1) return;
    throw base::Error(base::ErrorCode::conflict, "file " + base::quote(file_.path) + " exists",
                      "move it away: what an interrupted run made may be in " + base::quote(staged));
  }

  SecretFile file_;
  std::optional<StagedSecretFile> staged_;
  bool left_over_counts_ = false, written_ = false, made_good_ = false;
};

service::ApplyOutcome carry_out(Invocation& in, const Request& request, const service::ApplyRequest& work,
                                service::Plan plan) {
  const auto run = [&](const service::Cause& cause) {
    return of_manifest(request, [&] { return service::apply_manifest(in.realm(), cause, work, plan); });
  };
  if (request.rules.prune) return confirmed(in, service::prune_question(plan), run);
  if (request.rules.force) return confirmed(in, "apply it even where an interlock refuses?", run);
  return run(in.cause());
}

Output apply(Invocation& in, Request request) {
  request.out.force = request.rules.force;
  std::string digest;
  const auto manifest = read_manifest(in, request, digest);
  Delivery delivery(in, request.out);
  auto plan = of_manifest(request, [&] { return service::make_plan(in.realm(), manifest, request.rules); });
  delivery.expect(plan);
  std::map<std::string, base::Secret>
      passwords;  // each is read once, also where it is tried before it is asked
  const auto password_of = [&](const std::string& name) {
    auto known = passwords.find(name);
    if (known == passwords.end()) known = passwords.emplace(name, read_password(request, name)).first;
    return known->second.clone();
  };
  const service::ApplyRequest work{
      &manifest,     digest,
      request.rules, password_policy(in.stored_settings()),
      password_of,   [&](const std::vector<service::NewSecret>& secrets) { delivery.write(secrets); }};
  try {
    const auto outcome = carry_out(in, request, work, std::move(plan));
    delivery.publish();
    auto output = shown(in, request, outcome);
    if (delivery.made_good())
      output.with_notice("what an interrupted run made is in " + base::quote(request.out.path));
    return output;
  } catch (const base::Error& error) {
    // A store that was lost may have committed.
    if (error.code() == base::ErrorCode::unavailable) delivery.keep();
    throw;
  }
}

void add_manifest(CLI::App& app, Request& request) {
  app.add_option("-f,--file", request.file, "the manifest, YAML or JSON; - is standard input")
      ->type_name("FILE")
      ->required();
  app.add_flag("--prune", request.rules.prune,
               "delete what an earlier apply made and the manifest no longer names");
}

}  // namespace

void declare_apply(Noun& noun) {
  auto request = std::make_shared<Request>();
  auto& app = noun.alone(
      &applied_shape,
      {.examples = {"authctl apply -f authctl.yaml",
                    "authctl apply -f authctl.yaml --prune --yes --reason 'release 7'",
                    "authctl apply -f authctl.yaml --dry-run --json"},
       .exits = {{2, "the manifest has a mistake"},
                 {3, "the manifest or a file that it names is not there"},
                 {5, "a name is taken, the store was changed meanwhile, or an interlock refuses"}},
       .more =
           "Makes roles, users, clients, key policies and settings as the manifest says, all of it or "
           "nothing, "
           "and prints what it did; run again it changes nothing. --prune deletes only what an apply made or "
           "`adopt` took in, and nothing of a section that is not there; more than 10 things and a fifth of "
           "a "
           "kind only with --force. A file that a manifest names is looked for beside it. Run again after a "
           "kill it goes on: --out FILE has its name once what is in it is in force."},
      [request](Invocation& in) { return apply(in, *request); });
  add_manifest(app, *request);
  app.add_option(
         "--out", request->out.path,
         "write new secrets to a new file (mode 0600), a JSON line each; where none is made it is left alone")
      ->type_name("FILE");
  app.add_flag("--force", request->rules.force,
               "past what an interlock refuses, over a file that exists; asks");
}

void declare_diff(Noun& noun) {
  auto request = std::make_shared<Request>();
  auto& app =
      noun.alone(&change_shape,
                 {.examples = {"authctl diff -f authctl.yaml", "authctl diff -f authctl.yaml --prune --json"},
                  .exits = {{2, "the manifest has a mistake"},
                            {3, "the manifest or a file that it names is not there"},
                            {6, "changes are pending"}},
                  .more = "Shows what `apply` would do, and whether it undoes what somebody changed by hand. "
                          "Writes nothing."},
                 [request](Invocation& in) {
                   auto rules = *request;
                   rules.rules.force = true;  // looking at much is no harm
                   return diff(in, rules);
                 });
  add_manifest(app, *request);
}

}  // namespace authctl::commands
