#include "core/service/change.h"

#include "core/service/commit_queue.h"

namespace authctl::service {

void run_change(Realm& realm, const Cause& cause, const std::function<void(Change&)>& work) {
  realm.commits().run(realm, cause, work);
}

}  // namespace authctl::service
