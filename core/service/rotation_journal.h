// How far a re-encryption into a file has come, as it stands beside that file.
// Invariant: a journal is taken up only by a run that reads the same input in the same way, encrypts under
// the same key and opens with every key that the earlier one opened with; anything else would leave records
// out, twice, or under two keys.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/service/record_stream.h"

namespace authctl::service {

struct RotationJournal {
  std::string input;  // ByteSource::identity()
  token::RecordLayout layout;
  std::string active_kid;
  std::vector<std::string> opening_kids;
  std::uint64_t input_offset = 0, output_size = 0, next_line = 1;
  // The last bytes of the input before input_offset.
  std::size_t tail_size = 0;
  std::string tail_hash;
  RecordTally tally;
  bool whole = false;  // everything is written; only the file's place is missing
};

std::string to_text(const RotationJournal& journal);
// Error unverified where the text is no journal of ours.
RotationJournal parse_journal(std::string_view text);

// SHA-256 of the bytes, in hex.
std::string hash_of_tail(std::string_view bytes);

}  // namespace authctl::service
