// Refusals of strangers in the audit log, so many that it tells what went on and so few that nobody can fill
// the disk with them: entries at once, and from the tenth of one source (an IPv6 address by its /64), action
// and minute on, one entry with a count. Invariant: every refusal is an entry or in the count of one; the
// counts are in the store until their entry is.
#pragma once
#include "core/service/change.h"

namespace authctl::service {

inline constexpr std::int64_t refusals_at_once = 9;  // entries of one source, action and minute

// For whatever a stranger is refused; the source is the cause's address. Without one (the terminal) it is an
// entry in any case. Gives whether it became one.
bool record_refusal(Change& change, audit::Event event);

// Entries for the counts of minutes that are over, as "anonymous"; a bounded number at a time. A server does
// it every second.
void sum_up_refusals(Realm& realm);
// Of this minute too: the last thing that a server does.
void sum_up_all_refusals(Realm& realm);

}  // namespace authctl::service
