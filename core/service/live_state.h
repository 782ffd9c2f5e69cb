// What stands in the store now, in the form in which a manifest speaks of it.
// Invariant: every field of a live thing is given; assignments that came to an end are not there.
#pragma once
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/service/manifest.h"
#include "core/service/realm.h"

namespace authctl::service {

struct LiveThing {
  ThingKind kind = ThingKind::role;
  std::string id;  // of a key policy and a setting: the name
  std::string name;
  FieldValues fields;
  bool has_password = false;
};

// The things of one kind, by the name that is unique (folded).
using LiveThings = std::unordered_map<std::string, LiveThing>;

// Every thing of a kind; for users see below.
LiveThings load_things(Realm& realm, ThingKind kind, base::Timestamp now);
// Those users that are there of the names asked for: read one by one, or where they are a good part of all by
// pages.
LiveThings load_users(Realm& realm, const std::vector<std::string>& names, base::Timestamp now);
LiveThings load_all_users(Realm& realm, base::Timestamp now);
// Nothing where there is none.
std::optional<LiveThing> load_by_id(Realm& realm, ThingKind kind, const std::string& id, base::Timestamp now);
std::size_t count_things(Realm& realm, ThingKind kind, base::Timestamp now);

}  // namespace authctl::service
