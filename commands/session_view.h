// A session as a person reads it: what it is, and its refresh tokens as a tree, each with the address it was
// used from and where it was used once too often.
#pragma once
#include <string>

#include "core/service/sessions.h"

namespace authctl::commands {

std::string draw_session(const service::SessionView& view, base::Timestamp now, base::Duration idle);

}  // namespace authctl::commands
