// A realm and manifests applied to it, for the tests of provisioning.
#pragma once
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/service/provisioning.h"
#include "tests/support/realms.h"

namespace authctl::test {

struct Provisioned {
  service::ApplyOutcome outcome;
  std::vector<std::string> ops;  // "add /roles/editor", " (drift)" behind where it is
};

class ManifestWorld {
 public:
  explicit ManifestWorld(store::Engine engine) : test(engine) {}

  static std::vector<std::string> ops_of(const service::Plan& plan) {
    std::vector<std::string> ops;
    for (const auto& row : service::plan_json(plan))
      ops.push_back(std::string(row.at("op").as_string()) + " " + std::string(row.at("path").as_string()) +
                    (row.at("drift").as_bool() ? " (drift)" : ""));
    return ops;
  }
  std::vector<std::string> plan(const std::string& body, const service::PlanRules& rules = {}) {
    const auto manifest = service::parse_manifest("version: 1\n" + body);
    return ops_of(service::make_plan(test.realm(), manifest, rules));
  }
  Provisioned apply(const std::string& body, const service::PlanRules& rules = {}) {
    return apply(body, rules, test.cause());
  }
  Provisioned apply(const std::string& body, const service::PlanRules& rules, const service::Cause& cause) {
    const auto manifest = service::parse_manifest("version: 1\n" + body);
    auto planned = service::make_plan(test.realm(), manifest, rules);
    service::ApplyRequest request{
        &manifest,
        "digest",
        rules,
        {{}, {8, 1, 1}},
        [](const std::string&) { return base::Secret("correct horse battery staple"); },
        [this](const auto&) { ++delivered; }};
    Provisioned made{service::apply_manifest(test.realm(), cause, request, std::move(planned)), {}};
    made.ops = ops_of(made.outcome.plan);
    for (auto& thing : made.outcome.plan.things) thing.wanted = nullptr;  // the manifest goes
    return made;
  }
  base::ErrorCode refusal(const std::string& body, const service::PlanRules& rules = {}) {
    try {
      apply(body, rules);
    } catch (const base::Error& error) {
      message = error.message();
      return error.code();
    }
    FAIL("it was not refused");
    return base::ErrorCode::internal;
  }

  TestRealm test;
  int delivered = 0;
  std::string message;
};

}  // namespace authctl::test
