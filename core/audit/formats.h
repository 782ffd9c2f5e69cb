// Entries for other programs: JSON lines, CSV (RFC 4180) and CEF (ArcSight Common Event Format, revision 25).
// Invariant: one entry is one record, whatever text is in it; no CSV cell is a formula to a spreadsheet.
#pragma once
#include <string>
#include <string_view>

#include "core/base/json.h"

namespace authctl::audit {

// In quotes; line ends and tabs stay, other control characters and marks are escaped for a person; what a
// spreadsheet would take for a formula, also behind blanks and marks, begins with an apostrophe.
std::string csv_cell(std::string_view text);
// One line of JSON. What a terminal would act on stands as \uXXXX: the value a reader gets is unchanged.
std::string jsonl_line(const base::json::object& entry);

std::string csv_title();
// From what entry_json() gives; each with its line end.
std::string csv_line(const base::json::object& entry);
std::string cef_line(const base::json::object& entry, std::string_view version);

}  // namespace authctl::audit
