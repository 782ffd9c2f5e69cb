#include "commands/command.h"
#include "commands/permission_view.h"
#include "core/service/access.h"
#include "core/service/access_assertions.h"

namespace authctl::commands {
namespace {

constexpr int no = 4;  // the answer of check and test; explain has explained
constexpr std::size_t longest_file = 16 << 20;

constexpr Field reason_fields[] = {
    {"role", FieldType::text, false, "as it is assigned to the user", "role"},
    {"via", FieldType::strings, false, "the roles it inherits from, down to the one that holds the grant",
     "via"},
    {"grant", FieldType::text, false, "the permission as it was granted", "grant"},
    {"resource", FieldType::text, true, "what assignment and grant both cover; null: every resource",
     "resource"},
    {"expires_at", FieldType::time, true, "when the assignment ends; null: never", "expires"},
};
constexpr Shape reason_shape{"reason", "role", reason_fields};

constexpr Field remedy_fields[] = {
    {"action", FieldType::text, false, "user.enable, role.assign or role.grant", "action"},
    {"role", FieldType::text, true, "the role; null where it is about none", "role"},
    {"command", FieldType::text, false, "what to type", "command"},
};
constexpr Shape remedy_shape{"remedy", "command", remedy_fields};

constexpr Field check_fields[] = {
    {"allowed", FieldType::boolean, false, "the answer", ""},
    {"user", FieldType::text, false, "name of the user", ""},
    {"permission", FieldType::text, false, "that was asked for", ""},
    {"resource", FieldType::text, true, "that was asked about; null: none", ""},
    {"because", FieldType::objects, false, "why it is allowed, one for each assignment and grant", "",
     &reason_shape},
};
constexpr Shape check_shape{"permission check", "", check_fields};

constexpr Field explain_fields[] = {
    check_fields[0],
    check_fields[1],
    check_fields[2],
    check_fields[3],
    {"because", FieldType::objects, false, "every way from an assignment to a grant", "", &reason_shape},
    {"remedies", FieldType::objects, false, "where it is denied: the smallest changes that would allow it",
     "", &remedy_shape},
};
constexpr Shape explain_shape{"permission explain", "", explain_fields};

constexpr Field holder_fields[] = {
    {"user", FieldType::text, false, "name of the user", "user"},
    {"id", FieldType::text, false, "id of the user", ""},
    {"roles", FieldType::strings, false, "assigned roles that give it", "roles"},
    {"because", FieldType::objects, false, "as permission check says", "", &reason_shape},
};
constexpr Shape holder_shape{"permission who", "id", holder_fields};

constexpr Field permission_fields[] = {
    {"permission", FieldType::text, false, "as it was granted", "permission"},
    {"resource", FieldType::text, true, "kind/id; null: every resource", "resource"},
    {"roles", FieldType::strings, false, "of a user: assigned roles that give it; else: roles that hold it",
     "roles"},
    {"expires_at", FieldType::time, true, "when the last of them ends; null: never", "expires"},
};
constexpr Shape permission_shape{"permission", "permission", permission_fields};

constexpr Field assertion_fields[] = {
    {"line", FieldType::integer, false, "of the file; of JSON the place in the array", "line"},
    {"holds", FieldType::boolean, false, "the answer is the expected one", "holds"},
    {"expect", FieldType::text, false, "allow or deny", "expect"},
    {"answer", FieldType::text, false, "allow or deny, or why there is none", "answer"},
    {"user", FieldType::text, false, "as the file has it", "user"},
    {"permission", FieldType::text, false, "as the file has it", "permission"},
    {"resource", FieldType::text, true, "as the file has it; null: none", "resource"},
};
constexpr Shape assertion_shape{"permission test", "line", assertion_fields};

base::json::object holder_json(const service::Holder& holder) {
  base::json::array roles, because;
  for (const auto& reason : holder.because) {
    const base::json::value role(reason.role);
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
    because.push_back(service::reason_json(reason));
  }
  return {{"user", holder.user_name},
          {"id", holder.user_id},
          {"roles", std::move(roles)},
          {"because", std::move(because)}};
}

base::json::object permission_json(const service::Effective& effective) {
  base::json::object json{{"permission", effective.permission}, {"resource", nullptr}};
  if (!effective.resource.empty()) json["resource"] = effective.resource;
  json["roles"] = base::json::array(effective.roles.begin(), effective.roles.end());
  json["expires_at"] = nullptr;
  if (effective.expires_at) json["expires_at"] = base::to_rfc3339(*effective.expires_at);
  return json;
}

Output check(Invocation& in, const service::AccessRequest& request) {
  auto& realm = in.realm();
  const auto access = service::check_permission(realm.db(), request, realm.now());
  // Who asks is looked up only where it is recorded: it takes the system's list of users.
  if (const auto which = in.stored_settings().text("audit_checks"); which != "off")
    service::record_check(realm, in.cause(), access, which);
  return Output::one(check_shape, service::access_json(access))
      .with_view(check_line(access))
      .with_exit(access.decision.allowed ? 0 : no);
}

Output explain(Invocation& in, const service::AccessRequest& request) {
  auto& realm = in.realm();
  const auto explanation = service::explain_permission(realm.db(), request, realm.now());
  auto json = service::access_json(explanation);
  base::json::array remedies;
  for (const auto& remedy : explanation.remedies) {
    remedies.push_back({{"action", remedy.action}, {"role", nullptr}, {"command", remedy.command}});
    if (remedy.role) remedies.back().as_object()["role"] = *remedy.role;
  }
  json["remedies"] = std::move(remedies);
  return Output::one(explain_shape, std::move(json)).with_view(explanation_tree(explanation));
}

Output who(Invocation& in, const service::AccessRequest& request) {
  auto& realm = in.realm();
  const service::Question question{service::Permission(request.permission),
                                   service::parse_resource_option(request.resource)};
  return Output::many(holder_shape, [next = service::who_may(realm.db(), question, realm.now())] {
    const auto holder = next();
    return holder ? std::optional(holder_json(*holder)) : std::nullopt;
  });
}

Output test(Invocation& in, const std::string& file) {
  const auto assertions = service::parse_assertions(in.read_input(file, longest_file));
  auto& realm = in.realm();
  base::json::array rows;
  std::size_t failed = 0;
  for (const auto& result : service::run_assertions(realm.db(), assertions, realm.now())) {
    rows.push_back(service::assertion_json(result));
    failed += !result.holds;
  }
  const auto total = std::to_string(rows.size());
  auto output = Output::many(assertion_shape, std::move(rows));
  if (failed == 0) return output.with_notice("all " + total + " assertions hold");
  return output.with_notice(std::to_string(failed) + " of " + total + " assertions do not hold")
      .with_exit(no);
}

void add_question(CLI::App& verb, service::AccessRequest& request, bool with_user) {
  if (with_user) verb.add_option("USER", request.user, "name, e-mail or id")->required();
  verb.add_option("PERMISSION", request.permission,
                  "for example read:posts; with * it asks for all that it covers")
      ->required();

  verb.add_option("--on", request.resource, "on this resource (kind/id)")->type_name("RESOURCE");
}

void declare_questions(Noun& noun) {
  auto checked = std::make_shared<service::AccessRequest>();
  add_question(noun.verb("check", "May this user do that?", &check_shape,
                         {.examples = {"authctl permission check ann read:posts",
                                       "authctl permission check ann edit:posts --on post/42 --json"},
                          .exits = {{3, "the user does not exist"}, {4, "the answer is no"}}},
                         [checked](Invocation& in) { return check(in, *checked); }),
               *checked, true);
  auto explained = std::make_shared<service::AccessRequest>();
  add_question(noun.verb("explain", "Every way that allows it, or what would", &explain_shape,
                         {.examples = {"authctl permission explain ann read:posts",
                                       "authctl permission explain ann edit:posts --on post/42 --json"},
                          .exits = {{3, "the user does not exist"}}},
                         [explained](Invocation& in) { return explain(in, *explained); }),
               *explained, true);
  auto sought = std::make_shared<service::AccessRequest>();
  add_question(noun.verb("who", "Everybody who may do that", &holder_shape,
                         {.examples = {"authctl permission who delete:posts",
                                       "authctl permission who edit:posts --on post/42 -o jsonl"}},
                         [sought](Invocation& in) { return who(in, *sought); }),
               *sought, false);
}

}  // namespace

void declare_permission(Noun& noun) {
  declare_questions(noun);
  auto user = std::make_shared<std::string>();
  auto& list =
      noun.verb("list", "What a user may do, or all that is granted", &permission_shape,
                {.examples = {"authctl permission list ann", "authctl permission list -o jsonl"},
                 .exits = {{3, "the user does not exist"}}},
                [user](Invocation& in) {
                  auto& realm = in.realm();
                  return Output::many(
                      permission_shape, [next = service::list_permissions(realm.db(), *user, realm.now())] {
                        const auto effective = next();
                        return effective ? std::optional(permission_json(*effective)) : std::nullopt;
                      });
                });
  list.add_option("USER", *user, "name, e-mail or id; without it: what any role is granted");

  auto file = std::make_shared<std::string>();
  auto& test_verb = noun.verb(
      "test", "Check assertions about permissions, for CI", &assertion_shape,
      {.examples = {"authctl permission test permissions.txt", "authctl permission test - < permissions.txt"},
       .exits = {{3, "no such file"}, {4, "an assertion does not hold"}},
       .more =
           "One assertion a line, `allow ann write:posts` or `deny bob write:posts on post/42`; a # begins a "
           "comment. Or a JSON array of {expect, user, permission, resource}. A user who does not exist "
           "makes "
           "an assertion fail, a denial too."},
      [file](Invocation& in) { return test(in, *file); });
  test_verb.add_option("FILE", *file, "the assertions; - is standard input")->required();
}

}  // namespace authctl::commands
