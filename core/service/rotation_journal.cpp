#include "core/service/rotation_journal.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/crypto/digest.h"

namespace authctl::service {
namespace {
namespace json = base::json;

constexpr std::size_t max_journal_size = std::size_t{8} << 20;

json::object tally_json(const RecordTally& tally) {
  json::array failures;
  for (const auto& failure : tally.failures) failures.push_back(json::array{failure.line, failure.reason});
  return {{"rotated", tally.rotated}, {"current", tally.current}, {"empty", tally.empty},
          {"failed", tally.failed},   {"failures", failures},     {"by_key", json::value_from(tally.by_key)}};
}

std::uint64_t count_in(const json::object& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}

RecordTally read_tally(const json::object& object) {
  RecordTally tally;
  tally.rotated = count_in(object, "rotated");
  tally.current = count_in(object, "current");
  tally.empty = count_in(object, "empty");
  tally.failed = count_in(object, "failed");
  tally.by_key = json::value_to<std::vector<std::uint64_t>>(object.at("by_key"));
  for (const auto& failure : object.at("failures").as_array()) {
    const auto& pair = failure.as_array();
    tally.failures.push_back(
        {pair.at(0).to_number<std::uint64_t>(), json::value_to<std::string>(pair.at(1))});
  }
  return tally;
}

RotationJournal read_journal(const json::object& object) {
  RotationJournal journal;
  journal.input = json::value_to<std::string>(object.at("input"));
  journal.layout.form = static_cast<token::RecordForm>(object.at("form").to_number<int>());
  journal.layout.name = json::value_to<std::string>(object.at("name"));
  journal.layout.column = count_in(object, "column");
  journal.layout.columns = count_in(object, "columns");
  journal.active_kid = json::value_to<std::string>(object.at("active_kid"));
  journal.opening_kids = json::value_to<std::vector<std::string>>(object.at("opening_kids"));
  journal.input_offset = count_in(object, "input_offset");
  journal.output_size = count_in(object, "output_size");
  journal.next_line = count_in(object, "next_line");
  journal.tail_size = count_in(object, "tail_size");
  journal.tail_hash = json::value_to<std::string>(object.at("tail_hash"));
  journal.tally = read_tally(object.at("tally").as_object());
  journal.whole = object.at("whole").as_bool();
  return journal;
}

}  // namespace

std::string to_text(const RotationJournal& journal) {
  return json::serialize(json::object{{"version", 1},
                                      {"input", journal.input},
                                      {"form", static_cast<int>(journal.layout.form)},
                                      {"name", journal.layout.name},
                                      {"column", journal.layout.column},
                                      {"columns", journal.layout.columns},
                                      {"active_kid", journal.active_kid},
                                      {"opening_kids", json::value_from(journal.opening_kids)},
                                      {"input_offset", journal.input_offset},
                                      {"output_size", journal.output_size},
                                      {"next_line", journal.next_line},
                                      {"tail_size", journal.tail_size},
                                      {"tail_hash", journal.tail_hash},
                                      {"tally", tally_json(journal.tally)},
                                      {"whole", journal.whole}});
}

RotationJournal parse_journal(std::string_view text) {
  const auto value = base::parse_json(text, {.max_bytes = max_journal_size});
  try {
    if (value && value->is_object() && value->as_object().at("version").to_number<int>() == 1) {
      return read_journal(value->as_object());
    }
  } catch (const std::exception&) {
    // a member is missing or of another type: no journal of ours
  }
  throw base::Error(base::ErrorCode::unverified, "the journal of the interrupted run cannot be read",
                    "delete the .partial and .journal files and start again without --resume");
}

std::string hash_of_tail(std::string_view bytes) {
  return base::encode_hex(crypto::sha256(base::bytes_of(bytes)));
}

}  // namespace authctl::service
