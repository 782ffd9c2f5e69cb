// What somebody has to be told at once, and not only when the log is read: a refresh token that came twice,
// a key that was rotated in an emergency, admin:all that was granted, a sign-in from a network where the
// account was not seen before; and what its owner has to know of an account: another password, another second
// factor, both of which somebody else may have set.
// Invariant: an alert is about a change that is committed, once, by the process that made it; it holds no
// secret. Whoever reads it gets whole addresses: the program that it goes to is the operator's own.
#pragma once
#include <string>
#include <vector>

#include "core/service/change.h"

namespace authctl::service {

// JSON texts: alert time action actor ip reason target{kind,id,name} detail{} notify{user,email}|null. Looked
// for within the change, after its work.
std::vector<std::string> alerts_of(Change& change);

}  // namespace authctl::service
