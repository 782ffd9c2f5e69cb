// Pictures that commands draw: what happened by hour, and the plan of a key. Invariant: laying out is pure; a
// picture is rendered, and its library opened, only when an option asks for it.
#pragma once
#include <string>

#include "commands/command.h"
#include "core/base/picture.h"
#include "core/service/audit_activity.h"
#include "core/service/keyring_plan.h"

namespace authctl::commands {

base::Picture audit_picture(const service::AuditActivity& activity);
base::Picture plan_picture(const service::KeyPlan& plan);

struct PictureFiles {
  std::string svg = {}, png = {};
  bool force = false;
  bool wanted() const { return !svg.empty() || !png.empty(); }
  // Before anything is done: Error conflict where a file is there and --force is not; asks where it is.
  void prepare(Invocation& in) const;
};
void add_picture_options(CLI::App& verb, PictureFiles& files);
// Writes the files that were asked for.
void write_pictures(Invocation& in, const PictureFiles& files, const base::Picture& picture);

}  // namespace authctl::commands
