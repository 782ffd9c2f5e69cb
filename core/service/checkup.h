// `doctor`: is this installation kept as it should be? A table of checks, each of which looks at one thing
// and says what it found and what to type. Invariant: a check writes nothing; what it cannot tell it calls
// skipped, with the reason, and never ok.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/config.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/service/master_key.h"
#include "core/service/realm.h"

namespace authctl::service {

enum class Severity { skipped, ok, warn, fail };  // the worst last
std::string_view word_of(Severity severity);

struct Judgement {
  Severity severity = Severity::ok;
  std::string finding;
  std::string hint;  // what to type; empty where nothing is to be done
};

struct CheckupRequest {
  const base::Settings* settings = nullptr;
  std::string settings_file;              // empty: there is none
  std::string proc = "/proc";             // where running servers are looked for
  std::optional<std::string> checkpoint;  // the text of a signed note that was kept elsewhere
  std::string only;                       // a check or a group; empty: all
  std::string store_url_file = {};        // what AUTHCTL_STORE_FILE names; empty: it is not set
};

// What a check may look at.
struct Patient {
  const CheckupRequest& request;
  base::Timestamp now;
  Realm* realm = nullptr;  // null for the checks that come before the store is opened

  const base::Settings& settings() const { return *request.settings; }
  store::Database& db() const { return realm->db(); }
};

struct Check {
  std::string_view id, group;
  bool needs_store;
  Judgement (*look)(const Patient&);
};
// Those without the store first.
std::span<const Check> checks();

struct Finding : Judgement {
  std::string_view id, group;
};

struct CheckupReport {
  std::vector<Finding> findings;
  std::optional<base::Error> failure;  // why the store could not be looked into
  Severity worst() const;
};

// `open` is asked once, where a check needs the store. Error usage for an `only` that names nothing.
CheckupReport run_checkup(const CheckupRequest& request, base::Timestamp now,
                          const std::function<Realm&()>& open);

base::json::object finding_json(const Finding& finding);  // id group severity finding hint

}  // namespace authctl::service
