// The first reading of an import: every record judged, names and e-mails held against each other and against
// the store. Invariant: it writes nothing.
#pragma once
#include "core/service/user_import.h"

namespace authctl::service {

ImportFormat detect_import_format(base::ByteSource& source);

ImportReport survey_import(Realm& realm, const ImportRequest& request, ImportFormat format);

}  // namespace authctl::service
