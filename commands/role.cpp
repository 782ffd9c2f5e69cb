#include "commands/command.h"
#include "core/base/text.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"

namespace authctl::commands {
namespace {

constexpr Field permission_fields[] = {
    {"permission", FieldType::text, false,
     "as it was granted; * stands for a segment, a last * for all that follow", "permission"},
    {"resource", FieldType::text, true, "kind/id; null: every resource", "resource"},
};
constexpr Shape permission_shape{"granted permission", "permission", permission_fields};

constexpr Field role_fields[] = {
    {"name", FieldType::text, false, "unique, in lower case", "name"},
    {"description", FieldType::text, true, "free text", "description"},
    {"inherits", FieldType::strings, false, "names of the roles whose permissions it has too", "inherits"},
    {"permissions", FieldType::objects, false, "granted to the role itself", "", &permission_shape},
    {"members", FieldType::integer, false, "how many users hold it now", "members"},
    {"created_at", FieldType::time, false, "when it was made", ""},
};
constexpr Shape role_shape{"role", "name", role_fields};

constexpr Field held_fields[] = {
    {"role", FieldType::text, false, "name of the role", "role"},
    {"resource", FieldType::text, true, "kind/id; null: every resource", "resource"},
    {"expires_at", FieldType::time, true, "when it ends by itself; null: never", "expires"},
};
constexpr Shape held_shape{"held role", "role", held_fields};

constexpr Field assignment_fields[] = {
    {"user", FieldType::text, false, "name of the user", "user"},
    {"id", FieldType::text, false, "id of the user", ""},
    {"assignments", FieldType::objects, false, "every role that the user holds now", "", &held_shape},
};
constexpr Shape assignment_shape{"role assignment", "id", assignment_fields};

template <class Outcome>
Output with_notices(Output output, const Outcome& outcome) {
  for (const auto& notice : outcome.notices) output.with_notice(notice);
  return output;
}

Output shown(const store::RoleView& role) { return Output::one(role_shape, service::role_json(role)); }
Output shown(const service::RoleOutcome& outcome) { return with_notices(shown(outcome.role), outcome); }
Output shown(const service::AssignOutcome& outcome) {
  return with_notices(Output::one(assignment_shape, service::assignments_json(outcome)), outcome);
}

void confirm_force(Invocation& in, bool force, const std::string& what) {
  if (force) in.confirm(what + " by force, even if nobody is left who holds admin:all?");
}

constexpr const char* about_force = "even where nobody would be left who holds admin:all";
constexpr const char* about_on = "only on this resource (kind/id; * stands for a segment)";

void declare_create(Noun& noun) {
  auto draft = std::make_shared<service::RoleDraft>();
  auto& verb = noun.verb(
      "create", "Create a role", &role_shape,
      {.examples = {"authctl role create viewer --description \"reads everything\"",
                    "authctl role create editor --inherits viewer"},
       .exits = {{3, "a role to inherit from does not exist"}, {5, "the role exists"}}},
      [draft](Invocation& in) { return shown(service::create_role(in.realm(), in.cause(), *draft)); });
  verb.add_option("NAME", draft->name, "1 to 64 of a-z 0-9 . _ @ + ' -, folded to lower case")->required();
  verb.add_option("--description", draft->description, "what it is for")->type_name("TEXT");
  verb.add_option("--inherits", draft->inherits, "have its permissions too")->type_name("ROLE");
}

void declare_reading(Noun& noun) {
  noun.verb("list", "List all roles", &role_shape,
            {.examples = {"authctl role list", "authctl role list -o jsonl"}}, [](Invocation& in) {
              return Output::many(role_shape, [next = service::list_roles(in.realm())] {
                const auto role = next();
                return role ? std::optional(service::role_json(*role)) : std::nullopt;
              });
            });
  auto name = std::make_shared<std::string>();
  auto& show = noun.verb("show", "Show a role", &role_shape,
                         {.examples = {"authctl role show editor", "authctl role show editor --json"},
                          .exits = {{3, "the role does not exist"}}},
                         [name](Invocation& in) { return shown(service::show_role(in.realm(), *name)); });
  show.add_option("NAME", *name, "the role")->required();
}

void declare_update(Noun& noun) {
  auto update = std::make_shared<service::RoleUpdate>();
  auto& verb =
      noun.verb("update", "Change what a role is called for and what it inherits", &role_shape,
                {.examples = {"authctl role update editor --description \"writes posts\"",
                              "authctl role update editor --inherits viewer --no-inherits guest"},
                 .exits = {{3, "a role does not exist or is not inherited from"},
                           {5, "inheritance would go round in a circle, or nobody would hold admin:all"}}},
                [update](Invocation& in) {
                  confirm_force(in, update->force, "update role " + base::quote(update->name));
                  return shown(service::update_role(in.realm(), in.cause(), *update));
                });
  verb.add_option("NAME", update->name, "the role")->required();
  verb.add_option("--description", update->description, "what it is for; empty takes it away")
      ->type_name("TEXT");
  verb.add_option("--inherits", update->inherits, "have its permissions too")->type_name("ROLE");
  verb.add_option("--no-inherits", update->no_inherits, "no longer")->type_name("ROLE");
  verb.add_flag("--force", update->force, about_force);
}

void declare_delete(Noun& noun) {
  struct Request {
    std::string name;
    bool force = false;
  };
  auto request = std::make_shared<Request>();
  auto& verb = noun.verb(
      "delete", "Delete a role", &role_shape,
      {.examples = {"authctl role delete guest --yes", "authctl role delete editor --force --yes"},
       .exits = {{3, "the role does not exist"}, {5, "the role is in use, or nobody would hold admin:all"}}},
      [request](Invocation& in) {
        return shown(confirmed(in,
                               "delete role " + base::quote(request->name) +
                                   (request->force ? " and take it from everybody who has it?" : "?"),
                               [&](const service::Cause& cause) {
                                 return service::delete_role(in.realm(), cause, request->name,
                                                             request->force);
                               }));
      });
  verb.add_option("NAME", request->name, "the role")->required();
  verb.add_flag("--force", request->force, "take it from everybody who has it");
}

void declare_granting(Noun& noun) {
  auto granted = std::make_shared<service::GrantRequest>();
  auto& grant = noun.verb(
      "grant", "Grant permissions to a role", &role_shape,
      {.examples = {"authctl role grant editor write:posts \"read:*\"",
                    "authctl role grant editor edit:posts --on post/42"},
       .exits = {{3, "the role does not exist"}},
       .more = "Segments of a permission stand apart by : or . and are compared with them. * stands for one "
               "segment, "
               "a last * for all that follow; admin:all allows everything. Without --on a grant covers every "
               "resource; with --on it never answers a check without. What is granted already is no change."},
      [granted](Invocation& in) {
        return shown(service::grant_permissions(in.realm(), in.cause(), *granted));
      });
  grant.add_option("ROLE", granted->role, "the role")->required();
  grant.add_option("PERMISSION", granted->permissions, "for example read:posts")->required();
  grant.add_option("--on", granted->resource, about_on)->type_name("RESOURCE");

  auto revoked = std::make_shared<service::GrantRequest>();
  auto& revoke =
      noun.verb("revoke", "Revoke permissions from a role", &role_shape,
                {.examples = {"authctl role revoke editor write:posts",
                              "authctl role revoke editor edit:posts --on post/42"},
                 .exits = {{3, "the role does not exist or does not have one of them; none is revoked"},
                           {5, "nobody would be left who holds admin:all"}}},
                [revoked](Invocation& in) {
                  confirm_force(in, revoked->force, "revoke from role " + base::quote(revoked->role));
                  return shown(service::revoke_permissions(in.realm(), in.cause(), *revoked));
                });
  revoke.add_option("ROLE", revoked->role, "the role")->required();
  revoke.add_option("PERMISSION", revoked->permissions, "as it was granted")->required();
  revoke.add_option("--on", revoked->resource, "as it was granted")->type_name("RESOURCE");
  revoke.add_flag("--force", revoked->force, about_force);
}

void declare_assigning(Noun& noun) {
  auto assigned = std::make_shared<service::AssignRequest>();
  auto& assign = noun.verb(
      "assign", "Assign roles to a user", &assignment_shape,
      {.examples = {"authctl role assign ann editor", "authctl role assign ann admin --for 8h"},
       .exits = {{3, "the user or a role does not exist"},
                 {5, "at its end nobody would be left who holds admin:all"}},
       .more =
           "Assigning a role again gives it its new end. With --on the role counts on that resource only."},
      [assigned](Invocation& in) {
        confirm_force(in, assigned->force, "give an end to roles of user " + base::quote(assigned->user));
        return shown(service::assign_roles(in.realm(), in.cause(), *assigned));
      });
  assign.add_option("USER", assigned->user, "name, e-mail or id")->required();
  assign.add_option("ROLE", assigned->roles, "one or more")->required();
  assign.add_option("--for", assigned->lasts, "it ends by itself after this time")->type_name("DURATION");
  assign.add_option("--on", assigned->resource, about_on)->type_name("RESOURCE");
  assign.add_flag("--force", assigned->force, about_force);

  auto unassigned = std::make_shared<service::AssignRequest>();
  auto& unassign = noun.verb(
      "unassign", "Take roles from a user", &assignment_shape,
      {.examples = {"authctl role unassign ann editor", "authctl role unassign ann editor --on post/42"},
       .exits = {{3, "the user does not exist or does not have one of them; none is taken"},
                 {5, "nobody would be left who holds admin:all"}}},
      [unassigned](Invocation& in) {
        confirm_force(in, unassigned->force, "take roles from user " + base::quote(unassigned->user));
        return shown(service::unassign_roles(in.realm(), in.cause(), *unassigned));
      });
  unassign.add_option("USER", unassigned->user, "name, e-mail or id")->required();
  unassign.add_option("ROLE", unassigned->roles, "one or more")->required();

  unassign.add_option("--on", unassigned->resource, "as it was assigned")->type_name("RESOURCE");
  unassign.add_flag("--force", unassigned->force, about_force);
}

}  // namespace

void declare_role(Noun& noun) {
  declare_create(noun);
  declare_reading(noun);
  declare_update(noun);
  declare_delete(noun);
  declare_granting(noun);
  declare_assigning(noun);
}

}  // namespace authctl::commands
