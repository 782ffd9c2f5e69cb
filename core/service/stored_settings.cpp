#include "core/service/stored_settings.h"

#include "core/service/manifest.h"
#include "core/store/manifest_repository.h"

namespace authctl::service {

void take_stored_settings(base::Settings& settings, store::Database& db) {
  for (auto& [name, value] : store::stored_settings(db))
    if (is_manifest_setting(name)) settings.set_stored(name, value);
}

}  // namespace authctl::service
